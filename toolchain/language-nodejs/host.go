//go:build tools

// Package host pins the Node language host. sdk v3.68.0 is the last release
// that has it inside the sdk module; it runs programs of later SDKs.
package host

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
