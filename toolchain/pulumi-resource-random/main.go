// Command pulumi-resource-random serves @pulumi/random over the upstream random provider.
package main

import (
	"context"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	ptokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-random/shim"
)

const version = "4.21.2"

// resources maps the upstream names to the SDK's class names, which repeat "Random".
var resources = map[string]string{
	"random_bytes":    "Bytes",
	"random_id":       "Id",
	"random_integer":  "Integer",
	"random_password": "Password",
	"random_pet":      "Pet",
	"random_shuffle":  "Shuffle",
	"random_string":   "String",
	"random_uuid":     "Uuid",
}

func main() {
	info := tfbridge.ProviderInfo{
		P:              pf.ShimProvider(shim.New()),
		Name:           "random",
		Version:        version,
		MetadataInfo:   tfbridge.NewProviderMetadata([]byte("{}")),
		Resources:      map[string]*tfbridge.ResourceInfo{},
		IgnoreMappings: []string{"random_uuid4", "random_uuid7"},
	}
	for upstream, name := range resources {
		token := ptokens.Type("random:index/random" + name + ":Random" + name)
		info.Resources[upstream] = &tfbridge.ResourceInfo{Tok: token}
	}
	schema := []byte(`{"name":"random","version":"` + version + `"}`)
	pf.Main(context.Background(), "random", info, pf.ProviderMetadata{PackageSchema: schema})
}
