package remote

import (
	"context"

	"github.com/pkg/sftp"
	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyToRemote is command:remote:CopyToRemote. It neither sets a mode nor deletes.
type CopyToRemote struct{}

// CopyInputs of a CopyToRemote.
type CopyInputs struct {
	Connection Connection `pulumi:"connection" provider:"secret"`
	// Triggers replaces the resource when any of its values changes.
	Triggers []any `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	// Source is a text asset, a file asset, or an archive that is a local file or directory.
	Source types.AssetOrArchive `pulumi:"source"`
	// RemotePath gets its missing parent directories.
	RemotePath string `pulumi:"remotePath"`
}

// CopyState of a CopyToRemote.
type CopyState struct{ CopyInputs }

func (in CopyInputs) hash() string {
	if in.Source.Archive != nil {
		return in.Source.Archive.Hash
	}
	return in.Source.Asset.Hash
}

// Check refuses a source that cannot be copied.
func (*CopyToRemote) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[CopyInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CopyInputs](ctx, req.NewInputs)
	if source, given := req.NewInputs.GetOk("source"); !given || !source.IsComputed() {
		if reason := refuse(inputs.Source); reason != "" {
			failures = append(failures, provider.CheckFailure{Property: "source", Reason: reason})
		}
	}
	return infer.CheckResponse[CopyInputs]{Inputs: inputs, Failures: failures}, err
}

func refuse(source types.AssetOrArchive) string {
	asset, archive := source.Asset, source.Archive
	switch {
	case asset == nil && archive == nil:
		return "either asset or archive must be set"
	case asset != nil && archive != nil:
		return "only one of asset or archive can be set"
	case asset != nil && !asset.IsPath() && !asset.IsText():
		return "asset must be a path-based file asset or a text asset"
	case archive != nil && !archive.IsPath():
		return "archive must be a path to a file or directory"
	}
	return ""
}

// Create copies.
func (*CopyToRemote) Create(
	ctx context.Context, req infer.CreateRequest[CopyInputs],
) (infer.CreateResponse[CopyState], error) {
	state := CopyState{req.Inputs}
	if req.DryRun {
		return infer.CreateResponse[CopyState]{Output: state}, nil
	}
	id, err := resource.NewUniqueHex("", 8, 0)
	if err == nil {
		err = upload(ctx, req.Inputs)
	}
	return infer.CreateResponse[CopyState]{ID: id, Output: state}, err
}

// Update copies again only when the content or the place changed.
func (*CopyToRemote) Update(
	ctx context.Context, req infer.UpdateRequest[CopyInputs, CopyState],
) (infer.UpdateResponse[CopyState], error) {
	var err error
	moved := req.Inputs.RemotePath != req.State.RemotePath
	if !req.DryRun && (moved || req.Inputs.hash() != req.State.hash()) {
		err = upload(ctx, req.Inputs)
	}
	return infer.UpdateResponse[CopyState]{Output: CopyState{req.Inputs}}, err
}

func upload(ctx context.Context, in CopyInputs) error {
	client, err := in.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	session, err := sftp.NewClient(client)
	if err != nil {
		return err
	}
	defer session.Close()
	target := target{session}
	if in.Source.Asset != nil && in.Source.Asset.IsText() {
		return target.text(in.Source.Asset.Text, in.RemotePath)
	}
	if in.Source.Asset != nil {
		return target.path(in.Source.Asset.Path, in.RemotePath)
	}
	return target.path(in.Source.Archive.Path, in.RemotePath)
}
