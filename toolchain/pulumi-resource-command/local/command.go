// Package local runs commands on this machine.
package local

import (
	"context"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"hypha.dev/toolchain/pulumi-resource-command/process"
)

// Base is how a local command runs.
type Base struct {
	process.Common
	// Interpreter gets the command as its last argument.
	// @default ["/bin/sh", "-c"]
	Interpreter []string `pulumi:"interpreter,optional"`
	Dir         *string  `pulumi:"dir,optional"`
	// AssetPaths and ArchivePaths are refused: nothing here needs them.
	AssetPaths   []string `pulumi:"assetPaths,optional"`
	ArchivePaths []string `pulumi:"archivePaths,optional"`
}

// Command is command:local:Command.
type Command struct{}

// Inputs of a Command.
type Inputs struct {
	process.Lifecycle
	Base
}

// State of a Command: its inputs and what it last wrote.
type State struct {
	Inputs
	process.Result
}

// Check refuses what this provider does not do.
func (*Command) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[Inputs], error) {
	inputs, failures, err := infer.DefaultCheck[Inputs](ctx, req.NewInputs)
	for property, paths := range map[string][]string{
		"assetPaths":   inputs.AssetPaths,
		"archivePaths": inputs.ArchivePaths,
	} {
		if len(paths) > 0 {
			failures = append(failures, provider.CheckFailure{
				Property: property,
				Reason:   "not supported by this build of the command provider: use the official plugin",
			})
		}
	}
	return infer.CheckResponse[Inputs]{Inputs: inputs, Failures: failures}, err
}

// Create runs the create command, if there is one.
func (*Command) Create(
	ctx context.Context, req infer.CreateRequest[Inputs],
) (infer.CreateResponse[State], error) {
	state := State{Inputs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		state.Result, err = run(ctx, *req.Inputs.Create, req.Inputs.Base, state.Result)
	}
	return infer.CreateResponse[State]{ID: id, Output: state}, err
}

// Update runs the update command, or the create command where none is given.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[Inputs, State],
) (infer.UpdateResponse[State], error) {
	state := State{Inputs: req.Inputs, Result: req.State.Result}
	var err error
	if command := req.Inputs.ForUpdate(); command != nil && !req.DryRun {
		state.Result, err = run(ctx, *command, req.Inputs.Base, req.State.Result)
	}
	return infer.UpdateResponse[State]{Output: state}, err
}

// Delete runs the delete command, if there is one.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[State]) (infer.DeleteResponse, error) {
	var err error
	if req.State.Lifecycle.Delete != nil {
		_, err = run(ctx, *req.State.Lifecycle.Delete, req.State.Base, req.State.Result)
	}
	return infer.DeleteResponse{}, err
}
