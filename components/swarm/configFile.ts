import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./cluster";
import { FileMount, ImmutableFileArgs, immutableName } from "./immutableFile";
import { stackLabels } from "./naming";

/** A config file and where a workload sees it. */
export interface ConfigMount extends FileMount {
  config: ConfigFile;
}

/**
 * A file given to containers: a Swarm config. Not for secrets, anyone with the Docker API reads it. New content
 * makes a new config; `destroy` removes it.
 */
export class ConfigFile extends pulumi.ComponentResource {
  readonly configId: pulumi.Output<string>;
  readonly configName: pulumi.Output<string>;

  constructor(
    name: string,
    cluster: Cluster,
    args: ImmutableFileArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hypha:swarm:ConfigFile", name, {}, opts);
    const content = pulumi.output(args.content);
    const config = new docker.ServiceConfig(
      `${name}-config`,
      {
        name: immutableName(name, content, this),
        data: content.apply((text) => Buffer.from(text).toString("base64")),
        labels: stackLabels(),
      },
      { parent: this, provider: cluster.provider, dependsOn: cluster },
    );
    this.configId = config.id;
    this.configName = config.name;
    this.registerOutputs({ configId: this.configId, configName: this.configName });
  }
}
