import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { imageUids } from "../config/versions";
import { Image } from "../images/serviceImage";
import { Machine, postgresSizes, PostgresWishes } from "../sizing/sizing";
import { Cluster } from "../swarm/cluster";
import { ConfigFile } from "../swarm/files";
import { stackLabels, stackName } from "../swarm/naming";
import { VolumeMount } from "../swarm/mounts";
import { Workload } from "../swarm/workload";
import { Database, monitor, renderHba, renderIdent, renderInitSql, renderPostgresqlConf } from "./render";

export interface PostgresArgs extends PostgresWishes {
  image: Image;
  /** The host that runs it: sizes that are not given follow from it. */
  machine: pulumi.Input<Machine>;
  databases: Database[];
  /** Let the exporters' account look at what the server does, and at no data. @default false */
  monitored?: boolean;
  cpus?: number;
  /** Leave the data volume where it is when the stack goes. */
  keepData: boolean;
}

/**
 * Postgres 15 that nothing reaches but by its Unix socket, on a volume its clients share; who a client is, the
 * kernel says. After `up` its databases and roles exist. `destroy` removes the service and the socket's volume, and
 * the data volume only where `keepData` is false; a kept one is taken up again by the next `up`.
 */
export class Postgres extends pulumi.ComponentResource {
  /** Mounted by clients, which come after this component: gives them the socket at `/run/postgresql`. */
  readonly socket: VolumeMount;

  constructor(name: string, cluster: Cluster, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:postgres:Postgres", name, {}, opts);
    const volumeOptions = {
      parent: this,
      provider: cluster.dataHost.provider,
      dependsOn: cluster.nodesWith("data"),
    };
    const data = new docker.Volume(
      `${name}-data`,
      { name: stackName(`${name}-data`), labels: stackLabels() },
      { ...volumeOptions, retainOnDelete: args.keepData },
    );
    const socket = new docker.Volume(
      `${name}-socket`,
      { name: stackName(`${name}-socket`), labels: stackLabels() },
      volumeOptions,
    );
    const { maxConnections } = args;
    const clients = [...args.databases, ...(args.monitored ? [monitor] : [])];
    const sizes = pulumi.output(args.machine).apply((machine) => postgresSizes(machine, args));
    const files = {
      "postgresql.conf": sizes.apply((sized) => renderPostgresqlConf({ ...sized, maxConnections })),
      "pg_hba.conf": renderHba(clients),
      "pg_ident.conf": renderIdent(clients),
      "init.sql": renderInitSql(args.databases, args.monitored ?? false),
    };
    const configs = Object.entries(files).map(([file, content]) => ({
      config: new ConfigFile(`${name}-${file.replace(/[._]/g, "-")}`, cluster, { content }, { parent: this }),
      path: `/etc/hypha/${file}`,
      uid: imageUids.postgres,
    }));
    new Workload(
      name,
      cluster,
      {
        image: args.image,
        metrics: { none: "the Postgres exporter beside it asks it by the socket" },
        role: "data",
        volumes: [
          { volume: data.name, path: "/var/lib/postgresql/data" },
          { volume: socket.name, path: "/run/postgresql" },
        ],
        configs,
        memoryMiB: sizes.memoryMiB,
        cpus: args.cpus,
        startSeconds: 60,
        stopSeconds: 60,
      },
      { parent: this },
    );
    this.socket = { volume: socket.name, path: "/run/postgresql", readOnly: true, shared: true };
    this.registerOutputs({ socket: this.socket.volume });
  }
}
