import * as pulumi from "@pulumi/pulumi";
import { imageUids } from "../config/versions";
import { Pooler } from "../postgres/pooler";
import { poolerFiles, renderPoolerClientIni } from "../postgres/poolerRender";
import { Postgres } from "../postgres/postgres";
import { Cluster } from "../swarm/cluster";
import { ConfigFile } from "../swarm/files";
import { Workload, WorkloadArgs } from "../swarm/workload";
import { ApplicationArgs } from "./application";

/**
 * How the gateway reaches its database: by Postgres' socket, which pins it to the data host, or over the stack's
 * network by a pooler, from any host for applications.
 */
export type GatewayDatabase = { kind: "socket"; postgres: Postgres } | { kind: "network"; pooler: Pooler };

export interface GatewayArgs extends ApplicationArgs {
  database: GatewayDatabase;
}

/**
 * The web gateway with a connection pooler on its own loopback, where it looks for its database. That pooler reaches
 * Postgres by the socket, as the account it runs as, or logs in to the stack's pooler by TLS and a password. The
 * gateway migrates its database itself. `destroy` removes it.
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
        metrics: { none: "it counts nothing: the edge counts its requests, and its answer is probed" },
        replicas: args.replicas,
        env: args.env,
        memoryMiB: args.memoryMiB ?? 128,
        cpus: args.cpus,
        strategy: args.strategy,
        ...this.databaseAccess(name, cluster, args.database),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }

  private databaseAccess(
    name: string,
    cluster: Cluster,
    database: GatewayDatabase,
  ): Pick<WorkloadArgs, "role" | "volumes" | "configs" | "secrets" | "after"> {
    switch (database.kind) {
      case "socket":
        return { role: "data", volumes: [database.postgres.socket], after: [database.postgres] };
      case "network": {
        const { pooler } = database;
        const uid = imageUids.gateway;
        const content = renderPoolerClientIni(pooler.database, pooler.workload.hostname);
        const settings = new ConfigFile(`${name}-pgbouncer-ini`, cluster, { content }, { parent: this });
        return {
          role: "app",
          configs: [
            { config: settings, path: poolerFiles.settings, uid },
            { config: pooler.authority, path: poolerFiles.authority, uid },
          ],
          secrets: [{ secret: pooler.users, path: poolerFiles.users, uid }],
          after: [pooler],
        };
      }
    }
  }
}
