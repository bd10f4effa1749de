// Package shim lets the bridge reach the Docker provider's internal package.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// New returns the upstream Terraform provider.
func New() *schema.Provider { return provider.New("dev")() }
