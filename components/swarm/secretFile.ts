import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./cluster";
import { FileMount, ImmutableFileArgs, immutableName } from "./immutableFile";
import { stackLabels } from "./naming";

/** A secret file and where a workload sees it. */
export interface SecretMount extends FileMount {
  secret: SecretFile;
}

/**
 * A file that only the containers it is given to can read: a Swarm secret, in memory on the node, encrypted in
 * Pulumi's state. New content makes a new secret; `destroy` removes it.
 */
export class SecretFile extends pulumi.ComponentResource {
  readonly secretId: pulumi.Output<string>;
  readonly secretName: pulumi.Output<string>;

  constructor(
    name: string,
    cluster: Cluster,
    args: ImmutableFileArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hypha:swarm:SecretFile", name, {}, opts);
    const content = pulumi.secret(args.content);
    const secret = new docker.Secret(
      `${name}-secret`,
      {
        name: immutableName(name, content, this),
        data: content.apply((text) => Buffer.from(text).toString("base64")),
        labels: stackLabels(),
      },
      { parent: this, provider: cluster.provider, dependsOn: cluster },
    );
    this.secretId = secret.id;
    this.secretName = secret.name;
    this.registerOutputs({ secretId: this.secretId, secretName: this.secretName });
  }
}
