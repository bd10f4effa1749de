//go:build tools

// Package cli pins the Pulumi CLI. It is a module of its own: it and the
// providers need different versions of one library.
package cli

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
