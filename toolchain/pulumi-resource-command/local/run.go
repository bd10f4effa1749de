package local

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"hypha.dev/toolchain/pulumi-resource-command/process"
)

// grace is how long a cancelled command has to end by itself.
const grace = 5 * time.Second

// run returns the new output, or the last one with the error.
func run(ctx context.Context, command string, in Base, last process.Result) (process.Result, error) {
	interpreter := in.Interpreter
	if len(interpreter) == 0 {
		interpreter = []string{"/bin/sh", "-c"}
	}
	arguments := append(append([]string{}, interpreter[1:]...), command)
	cmd := exec.CommandContext(ctx, interpreter[0], arguments...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if in.Dir != nil {
		cmd.Dir = *in.Dir
	}
	cmd.Env = os.Environ()
	for name, value := range in.Environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	for _, variable := range in.Previous(last) {
		cmd.Env = append(cmd.Env, variable.Name+"="+variable.Value)
	}
	if in.Stdin != nil && *in.Stdin != "" {
		cmd.Stdin = strings.NewReader(*in.Stdin)
	}
	capture := process.NewCapture(in.Logging, provider.GetLogger(ctx).InfoStatus)
	cmd.Stdout, cmd.Stderr = capture.Stdout(), capture.Stderr()

	err := cmd.Run()
	result := capture.Finish()
	if err != nil {
		return last, process.Failure(err, command, capture.Both())
	}
	return result, nil
}

// Run is command:local:run: a command that runs on every preview and update.
type Run struct{}

// RunInputs of Run.
type RunInputs struct {
	Base
	Command string `pulumi:"command"`
}

// RunOutputs of Run.
type RunOutputs struct {
	RunInputs
	process.Result
}

// Invoke runs the command.
func (*Run) Invoke(
	ctx context.Context, req infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunOutputs], error) {
	result, err := run(ctx, req.Input.Command, req.Input.Base, process.Result{})
	return infer.FunctionResponse[RunOutputs]{Output: RunOutputs{req.Input, result}}, err
}
