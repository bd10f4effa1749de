package main

import (
	"encoding/json"
	"fmt"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// environment is this process's, with the stack's configuration as the SDK reads it.
func environment(req *pulumirpc.RunRequest) ([]string, error) {
	config := req.GetConfig()
	if config == nil {
		config = map[string]string{}
	}
	keys := req.GetConfigSecretKeys()
	if keys == nil {
		keys = []string{}
	}
	values, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("the configuration cannot be passed on: %w", err)
	}
	secrets, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("the names of secrets cannot be passed on: %w", err)
	}
	return append(os.Environ(), "PULUMI_CONFIG="+string(values), "PULUMI_CONFIG_SECRET_KEYS="+string(secrets)), nil
}
