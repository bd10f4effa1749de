import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../swarm/cluster";
import { Workload } from "../swarm/workload";
import { ApplicationArgs } from "./application";

/** The web page of the chat: static files. `destroy` removes it. */
export class Frontend extends pulumi.ComponentResource {
  readonly workload: Workload;

  constructor(name: string, cluster: Cluster, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:matrix:Frontend", name, {}, opts);
    this.workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        metrics: { none: "static files: the edge counts the requests, and the page is probed" },
        replicas: args.replicas,
        env: args.env,
        memoryMiB: args.memoryMiB ?? 64,
        cpus: args.cpus,
        strategy: args.strategy,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
