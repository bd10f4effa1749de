// Package shim lets the bridge reach the random provider's internal package.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	upstream "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// New returns the upstream Terraform provider.
func New() provider.Provider { return upstream.New() }
