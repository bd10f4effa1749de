// Package process holds what local and remote commands share: the lifecycle
// inputs, the captured output and the wording of a failure.
package process

import "fmt"

// Names under which a command finds the output of the run before it.
const (
	StdoutVariable = "PULUMI_COMMAND_STDOUT"
	StderrVariable = "PULUMI_COMMAND_STDERR"
)

// Lifecycle is which command runs when.
type Lifecycle struct {
	// Triggers replaces the resource when any of its values changes.
	Triggers []any   `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	// Update defaults to Create.
	Update *string `pulumi:"update,optional"`
	Delete *string `pulumi:"delete,optional"`
}

// ForUpdate is the command that an update runs, or nil for none.
func (l Lifecycle) ForUpdate() *string {
	if l.Update != nil {
		return l.Update
	}
	return l.Create
}

// Common is what a command takes wherever it runs.
type Common struct {
	Stdin *string `pulumi:"stdin,optional"`
	// Logging: stdout | stderr | stdoutAndStderr | none.
	// @default stdoutAndStderr
	Logging     *string           `pulumi:"logging,optional"`
	Environment map[string]string `pulumi:"environment,optional"`
	// AddPreviousOutputInEnv offers the last output as PULUMI_COMMAND_STDOUT and _STDERR.
	// @default true
	AddPreviousOutputInEnv *bool `pulumi:"addPreviousOutputInEnv,optional"`
}

// Result is what a command wrote, each without its last newline.
type Result struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Variable is one environment variable.
type Variable struct{ Name, Value string }

// Previous lists the variables that carry the last output, empty ones left out.
func (c Common) Previous(last Result) []Variable {
	if c.AddPreviousOutputInEnv != nil && !*c.AddPreviousOutputInEnv {
		return nil
	}
	var variables []Variable
	if last.Stdout != "" {
		variables = append(variables, Variable{StdoutVariable, last.Stdout})
	}
	if last.Stderr != "" {
		variables = append(variables, Variable{StderrVariable, last.Stderr})
	}
	return variables
}

// Failure words a failed run: why, the command, all it wrote; never its stdin.
func Failure(cause error, command, output string) error {
	return fmt.Errorf("%w: running %q:\n%s", cause, command, output)
}
