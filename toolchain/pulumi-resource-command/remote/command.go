// Package remote runs commands and copies files over SSH.
package remote

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"hypha.dev/toolchain/pulumi-resource-command/process"
)

// Command is command:remote:Command.
type Command struct{}

// Inputs of a Command.
type Inputs struct {
	process.Lifecycle
	process.Common
	Connection Connection `pulumi:"connection" provider:"secret"`
}

// State of a Command: its inputs and what it last wrote.
type State struct {
	Inputs
	process.Result
}

// Create runs the create command, if there is one.
func (*Command) Create(
	ctx context.Context, req infer.CreateRequest[Inputs],
) (infer.CreateResponse[State], error) {
	state := State{Inputs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		state.Result, err = run(ctx, *req.Inputs.Create, req.Inputs, state.Result)
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
		state.Result, err = run(ctx, *command, req.Inputs, req.State.Result)
	}
	return infer.UpdateResponse[State]{Output: state}, err
}

// Delete runs the delete command, if there is one.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[State]) (infer.DeleteResponse, error) {
	var err error
	if req.State.Lifecycle.Delete != nil {
		_, err = run(ctx, *req.State.Lifecycle.Delete, req.State.Inputs, req.State.Result)
	}
	return infer.DeleteResponse{}, err
}
