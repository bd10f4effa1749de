import * as pulumi from "@pulumi/pulumi";
import { MyceliumApi } from "../mycelium/mycelium";
import { Cluster } from "../swarm/cluster";
import { Workload } from "../swarm/workload";
import { ApplicationArgs } from "./application";
import { Homeserver } from "./homeserver";

export interface BridgeArgs extends ApplicationArgs {
  homeserver: Homeserver;
  /** The same on each host that it may run on. @default it has no Mycelium */
  mycelium?: MyceliumApi;
}

/** Where the container has the directory of the API's socket. */
const apiPath = "/run/mycelium";

/**
 * The Matrix bridge. It looks for a homeserver and a Mycelium API on its own loopback: the image forwards the first
 * to the stack's homeserver, and the second to the node of the host that it runs on, where there is one. Routes are in
 * its memory, a restart forgets them. `destroy` removes it.
 */
export class Bridge extends pulumi.ComponentResource {
  readonly workload: Workload;
  /** It has a way to the Mycelium node of its host. */
  readonly usesMycelium: boolean;

  constructor(name: string, cluster: Cluster, args: BridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:matrix:Bridge", name, {}, opts);
    const { mycelium } = args;
    this.usesMycelium = mycelium !== undefined;
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
          MYCELIUM_SOCKET: mycelium === undefined ? "" : `${apiPath}/${mycelium.socket}`,
        },
        hostMounts:
          mycelium === undefined ? [] : [{ source: mycelium.directory, path: apiPath, follow: false }],
        memoryMiB: args.memoryMiB ?? 128,
        cpus: args.cpus,
        strategy: args.strategy,
        after: [args.homeserver, ...(mycelium?.after ?? [])],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
