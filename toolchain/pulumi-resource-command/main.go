// Command pulumi-resource-command serves @pulumi/command 1.2.1: commands on this
// machine and over SSH as resources. It is our own; the conformance suite in
// tests/toolchain says where it must behave as the official one.
package main

import (
	"context"
	"fmt"
	"os"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"hypha.dev/toolchain/pulumi-resource-command/local"
	"hypha.dev/toolchain/pulumi-resource-command/remote"
)

const version = "1.2.1"

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	built, err := build()
	if err != nil {
		return err
	}
	return provider.RunProvider(context.Background(), "command", version, built)
}

func build() (provider.Provider, error) {
	return infer.NewProviderBuilder().
		WithDisplayName("Command").
		WithDescription("Commands on this machine and over SSH as resources").
		WithLicense("Apache-2.0").
		WithLanguageMap(map[string]any{"nodejs": map[string]any{"respectSchemaVersion": true}}).
		WithResources(
			infer.Resource(&local.Command{}),
			infer.Resource(&remote.Command{}),
			infer.Resource(&remote.CopyToRemote{}),
		).
		WithFunctions(infer.Function(&local.Run{})).
		Build()
}
