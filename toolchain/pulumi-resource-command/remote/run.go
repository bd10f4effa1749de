package remote

import (
	"context"
	"fmt"
	"io"

	provider "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"

	"hypha.dev/toolchain/pulumi-resource-command/process"
)

const acceptEnv = "sshd takes a variable only if its AcceptEnv names it: " +
	"allow it there, or write the command as 'NAME=value command'"

// run returns the new output, or the last one with the error.
func run(ctx context.Context, command string, in Inputs, last process.Result) (process.Result, error) {
	client, err := in.Connection.dial(ctx)
	if err != nil {
		return last, err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return last, err
	}
	defer session.Close()

	log := provider.GetLogger(ctx)
	for name, value := range in.Environment {
		if err := session.Setenv(name, value); err != nil {
			log.Errorf("Unable to set '%s': %s", name, acceptEnv)
			return last, fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	for _, variable := range in.Previous(last) {
		if err := session.Setenv(variable.Name, variable.Value); err != nil {
			log.Warningf("Unable to set '%s': %s", variable.Name, acceptEnv)
		}
	}

	capture := process.NewCapture(in.Logging, log.InfoStatus)
	session.Stdout, session.Stderr = capture.Stdout(), capture.Stderr()
	if in.Stdin != nil && *in.Stdin != "" {
		if err := feed(session, *in.Stdin); err != nil {
			return last, err
		}
	}
	stop := context.AfterFunc(ctx, func() {
		_ = session.Signal(ssh.SIGTERM)
		_ = client.Close()
	})
	defer stop()

	err = session.Run(command)
	result := capture.Finish()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return last, process.Failure(err, command, capture.Both())
	}
	return result, nil
}

// feed writes stdin beside the command. A command may end without reading it
// all, so a write that fails is no error: the exit status decides.
func feed(session *ssh.Session, text string) error {
	pipe, err := session.StdinPipe()
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.WriteString(pipe, text)
		_ = pipe.Close()
	}()
	return nil
}
