package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/google/shlex"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

const version = "3.259.0"

// explained is how the SDK's runner exits when it has told the user what is
// wrong: nothing is to be added to that.
const explained = 32

type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine  string
	tracing string
}

func (*languageHost) Handshake(
	context.Context, *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (*languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// GetRequiredPackages names none: a program's first resource of a package makes
// the engine load its plugin.
func (*languageHost) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (*languageHost) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// Run runs the program to its end.
func (h *languageHost) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	cmd, err := h.command(ctx, req)
	if err != nil {
		return nil, err
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == explained:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with %v", exit)}, nil
	default:
		return nil, fmt.Errorf("node could not be started: %w", err)
	}
}

func (h *languageHost) command(ctx context.Context, req *pulumirpc.RunRequest) (*exec.Cmd, error) {
	info := req.GetInfo()
	options := info.GetOptions().AsMap()
	runner, err := findRunner(info.GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	text := func(option string) string {
		value, _ := options[option].(string)
		return value
	}
	nodeArgs, err := shlex.Split(text("nodeargs"))
	if err != nil {
		return nil, fmt.Errorf("runtime option nodeargs: %w", err)
	}
	cmd := exec.CommandContext(ctx, "node", append(append(nodeArgs, runner), h.arguments(req)...)...)
	cmd.Dir = info.GetProgramDirectory()
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env, err = environment(req)
	if err != nil {
		return nil, err
	}
	if typescript, set := options["typescript"].(bool); !set || typescript {
		cmd.Env = append(cmd.Env, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if tsconfig := text("tsconfig"); tsconfig != "" {
		cmd.Env = append(cmd.Env, "PULUMI_NODEJS_TSCONFIG_PATH="+tsconfig)
	}
	return cmd, nil
}

// arguments are those of the SDK's runner, the program last.
func (h *languageHost) arguments(req *pulumirpc.RunRequest) []string {
	var args []string
	add := func(flag, value string) {
		if value != "" {
			args = append(args, "--"+flag, value)
		}
	}
	add("monitor", req.GetMonitorAddress())
	add("engine", h.engine)
	add("organization", req.GetOrganization())
	add("project", req.GetProject())
	add("root-directory", req.GetInfo().GetRootDirectory())
	add("stack", req.GetStack())
	add("pwd", req.GetPwd())
	add("parallel", fmt.Sprint(req.GetParallel()))
	add("tracing", h.tracing)
	if req.GetDryRun() {
		args = append(args, "--dry-run")
	}
	entry := req.GetInfo().GetEntryPoint()
	if entry == "" {
		entry = "."
	}
	return append(append(args, entry), req.GetArgs()...)
}

// findRunner looks for the SDK where node would, from the program's directory up.
func findRunner(directory string) (string, error) {
	for at := directory; ; at = filepath.Dir(at) {
		runner := filepath.Join(at, "node_modules", "@pulumi", "pulumi", "cmd", "run")
		if _, err := os.Stat(runner); err == nil {
			return runner, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("@pulumi/pulumi is not installed for %s: run npm ci there", directory)
		}
	}
}
