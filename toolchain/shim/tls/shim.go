// Package shim lets the bridge reach the TLS provider's internal package.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	upstream "github.com/hashicorp/terraform-provider-tls/internal/provider"
)

// New returns the upstream Terraform provider.
func New() provider.Provider { return upstream.New() }
