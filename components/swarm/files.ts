import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./cluster";
import { stackLabels } from "./naming";

// Swarm cannot change a secret or a config, so new content replaces it. Its name is Pulumi's, random with each
// replacement: the new one is made before the old one goes, and going back to content whose old object still waits
// to be deleted does not meet it.

export interface FileArgs {
  /** What the file holds. */
  content: pulumi.Input<string>;
}

/** Where a workload sees a file. */
interface FileMount {
  /** Absolute path in the container. */
  path: string;
  /** Owner; the file is readable to it and nobody else. */
  uid: number;
}

/** A secret file and where a workload sees it. */
export interface SecretMount extends FileMount {
  secret: SecretFile;
}

/** A config file and where a workload sees it. */
export interface ConfigMount extends FileMount {
  config: ConfigFile;
}

function inputs(content: pulumi.Output<string>): docker.SecretArgs {
  return { data: content.apply((text) => Buffer.from(text).toString("base64")), labels: stackLabels() };
}

/**
 * A file that only the containers it is given to can read: a Swarm secret, in memory on the node, encrypted in
 * Pulumi's state. `destroy` removes it.
 */
export class SecretFile extends docker.Secret {
  constructor(name: string, cluster: Cluster, args: FileArgs, opts?: pulumi.CustomResourceOptions) {
    super(name, inputs(pulumi.secret(args.content)), {
      ...opts,
      provider: cluster.provider,
      dependsOn: cluster.started,
    });
  }
}

/** A file given to containers: a Swarm config. Not for secrets, anyone with the Docker API reads it. */
export class ConfigFile extends docker.ServiceConfig {
  constructor(name: string, cluster: Cluster, args: FileArgs, opts?: pulumi.CustomResourceOptions) {
    super(name, inputs(pulumi.output(args.content)), {
      ...opts,
      provider: cluster.provider,
      dependsOn: cluster.started,
    });
  }
}
