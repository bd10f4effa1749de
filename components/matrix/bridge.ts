import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../swarm/cluster";
import { Workload } from "../swarm/workload";
import { ApplicationArgs } from "./application";
import { Homeserver } from "./homeserver";

export interface BridgeArgs extends ApplicationArgs {
  homeserver: Homeserver;
}

/**
 * The Matrix bridge. It looks for a homeserver and a Mycelium API on its own loopback: the image forwards the first
 * to the stack's homeserver. Routes are in its memory, a restart forgets them. `destroy` removes it.
 */
export class Bridge extends pulumi.ComponentResource {
  readonly workload: Workload;

  constructor(name: string, cluster: Cluster, args: BridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:matrix:Bridge", name, {}, opts);
    this.workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        metrics: { none: "its status is JSON: the bridge exporter asks each replica for it" },
        replicas: args.replicas,
        env: {
          ...args.env,
          HOMESERVER_UPSTREAM: `${args.homeserver.workload.hostname}:8008`,
          MYCELIUM_UPSTREAM: "",
        },
        memoryMiB: args.memoryMiB ?? 128,
        cpus: args.cpus,
        after: [args.homeserver],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
