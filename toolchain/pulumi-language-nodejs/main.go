// Command pulumi-language-nodejs runs Node.js programs for the Pulumi engine: it
// starts the SDK's own runner (@pulumi/pulumi/cmd/run) with the addresses of the
// engine, and reports how it ended. It does what `pulumi preview`, `up` and
// `destroy` ask of a language host; code generation and `pulumi install` are not
// in it.
//
// Unlike the host of sdk v3.68.0, which is the last one to be had as a Go module,
// it puts no proxy between the program and the engine, so that a program can use
// all that its SDK and the engine have in common, resource hooks included.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-nodejs:", err)
		os.Exit(1)
	}
}

func serve() error {
	tracing := flag.String("tracing", "", "where the program sends its traces")
	// Older engines passed runtime options here; this one sends them with each request.
	for _, ignored := range []string{"root", "binary", "typescript", "tsconfig", "nodeargs", "packagemanager"} {
		flag.String(ignored, "", "ignored")
	}
	flag.Parse()
	if flag.NArg() == 0 {
		return fmt.Errorf("the engine's address is missing: this program is started by pulumi")
	}
	host := &languageHost{engine: flag.Arg(0), tracing: *tracing}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	if err != nil {
		return err
	}
	// The engine reads the port from the first line; what follows is the program's.
	fmt.Println(handle.Port)
	return <-handle.Done
}
