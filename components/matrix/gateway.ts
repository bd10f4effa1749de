import * as pulumi from "@pulumi/pulumi";
import { Postgres } from "../postgres/postgres";
import { Cluster } from "../swarm/cluster";
import { Workload } from "../swarm/workload";
import { ApplicationArgs } from "./application";

export interface GatewayArgs extends ApplicationArgs {
  postgres: Postgres;
}

/**
 * The web gateway with a connection pooler on its own loopback, where it looks for its database; the pooler reaches
 * Postgres by the socket, as the account it runs as. The gateway migrates its database itself. `destroy` removes it.
 */
export class Gateway extends pulumi.ComponentResource {
  readonly workload: Workload;

  constructor(name: string, cluster: Cluster, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:matrix:Gateway", name, {}, opts);
    this.workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        // The socket is on the node that has the database.
        role: "data",
        replicas: args.replicas,
        env: args.env,
        volumes: [args.postgres.socket],
        memoryMiB: args.memoryMiB ?? 128,
        cpus: args.cpus,
        after: [args.postgres],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
