import * as pulumi from "@pulumi/pulumi";
import { imageUids } from "../config/versions";
import { Host } from "../host/host";
import { Image } from "../images/serviceImage";
import { Pooler } from "../postgres/pooler";
import { poolerFiles, poolerPort } from "../postgres/poolerRender";
import { monitor } from "../postgres/render";
import { Postgres } from "../postgres/postgres";
import { Cluster } from "../swarm/cluster";
import { ConfigFile, SecretFile } from "../swarm/files";
import { Workload, WorkloadArgs } from "../swarm/workload";
import { healthEnv } from "./health";
import { authorityFile, ProbedSite, renderBlackboxYml } from "./probes";

interface Common {
  image: Image;
  /** Seconds between two looks. */
  scrapeSeconds: number;
}

const nobody = 65534;

function exporter(
  name: string,
  cluster: Cluster,
  args: Omit<WorkloadArgs, "memoryMiB"> & { memoryMiB?: number },
  parent: pulumi.Resource,
): Workload {
  return new Workload(name, cluster, { memoryMiB: 64, startSeconds: 30, ...args }, { parent });
}

/**
 * Node exporter for one host: a container that may read the host's files as anybody may, with no capability. `follow`:
 * file systems that are mounted later are seen, too. `textfiles` make the files that it hands out.
 */
export function nodeExporter(
  name: string,
  cluster: Cluster,
  args: { image: Image; host: Host; follow: boolean; textfiles: pulumi.Resource[] },
  parent: pulumi.Resource,
): Workload {
  return exporter(
    name,
    cluster,
    {
      image: args.image,
      host: args.host.name,
      // An account of every Debian: the host's D-Bus, which knows the units, speaks to none that it does not know.
      uid: nobody,
      command: ["/usr/local/bin/node"],
      metrics: [{ job: "node", port: 9100 }],
      env: healthEnv(9100, "/", "Node Exporter"),
      hostMounts: [{ source: "/", path: "/host", follow: args.follow }],
      after: args.textfiles,
    },
    parent,
  );
}

/**
 * What each container of one host uses. It reads the engine's files, which are root's: it runs as root without any
 * capability, so that it reads what is root's own and changes nothing.
 */
export function containersExporter(
  name: string,
  cluster: Cluster,
  args: Common & { host: Host; follow: boolean },
  parent: pulumi.Resource,
): Workload {
  const { host, follow } = args;
  return exporter(
    name,
    cluster,
    {
      image: args.image,
      host: host.name,
      uid: 0,
      command: ["/usr/local/bin/containers"],
      metrics: [{ job: "containers", port: 9104 }],
      env: {
        ...healthEnv(9104, "/metrics", "container_last_seen"),
        SECONDS_BETWEEN: String(args.scrapeSeconds),
      },
      hostMounts: [
        { source: "/sys/fs/cgroup", path: "/host/cgroup", follow: false },
        {
          source: pulumi.interpolate`${host.facts.dataDirectory}/containers`,
          path: "/host/containers",
          follow,
        },
      ],
    },
    parent,
  );
}

/** Postgres' figures: by its socket, as a role that may look at what the server does and at no data. */
export function postgresExporter(
  name: string,
  cluster: Cluster,
  args: { image: Image; postgres: Postgres },
  parent: pulumi.Resource,
): Workload {
  return exporter(
    name,
    cluster,
    {
      image: args.image,
      role: "data",
      command: [
        "/usr/local/bin/postgres-exporter",
        "--web.listen-address=:9187",
        "--disable-settings-metrics",
      ],
      metrics: [{ job: "postgres", port: 9187 }],
      env: {
        ...healthEnv(9187, "/", "Postgres"),
        DATA_SOURCE_NAME: `host=/run/postgresql user=${monitor.owner} dbname=${monitor.name} sslmode=disable`,
      },
      volumes: [args.postgres.socket],
      after: [args.postgres],
    },
    parent,
  );
}

/** PgBouncer's figures: by its console, as an account that may ask and give no command. */
export function poolerExporter(
  name: string,
  cluster: Cluster,
  args: Common & { pooler: Pooler; passfile: SecretFile },
  parent: pulumi.Resource,
): Workload {
  const { pooler, passfile } = args;
  const uid = imageUids.exporters;
  return exporter(
    name,
    cluster,
    {
      image: args.image,
      role: "data",
      command: ["/usr/local/bin/pooler"],
      metrics: [{ job: "pgbouncer", port: 9127 }],
      env: {
        ...healthEnv(9127, "/metrics", "pgbouncer_up"),
        PGHOST: pooler.workload.hostname,
        PGPORT: String(poolerPort),
        PGUSER: monitor.owner,
        SECONDS_BETWEEN: String(args.scrapeSeconds),
      },
      configs: [{ config: pooler.authority, path: poolerFiles.authority, uid }],
      secrets: [{ secret: passfile, path: poolerFiles.passfile, uid }],
      after: [pooler],
    },
    parent,
  );
}

/** The status of every replica of the bridge, as figures. */
export function bridgeExporter(
  name: string,
  cluster: Cluster,
  args: Common & { bridge: Workload },
  parent: pulumi.Resource,
): Workload {
  return exporter(
    name,
    cluster,
    {
      image: args.image,
      role: "observe",
      command: ["/usr/local/bin/bridge"],
      metrics: [{ job: "bridge", port: 9105 }],
      env: {
        ...healthEnv(9105, "/metrics", "hypha_bridge_replicas"),
        BRIDGE: args.bridge.hostname,
        SECONDS_BETWEEN: String(args.scrapeSeconds),
      },
    },
    parent,
  );
}

/** The blackbox exporter: the site, its certificate and the servers as others meet them. */
export function blackboxExporter(
  name: string,
  cluster: Cluster,
  args: { image: Image; site: ProbedSite; authority: pulumi.Input<string> },
  parent: pulumi.Resource,
): Workload {
  const file = (role: string, content: pulumi.Input<string>, path: string) => ({
    config: new ConfigFile(`${name}-${role}`, cluster, { content }, { parent }),
    path,
    uid: imageUids.exporters,
  });
  return exporter(
    name,
    cluster,
    {
      image: args.image,
      role: "observe",
      command: [
        "/usr/local/bin/blackbox-exporter",
        "--config.file=/etc/blackbox/blackbox.yml",
        "--web.listen-address=:9115",
      ],
      metrics: { none: "it is asked once for each probe: its figures are the probes'" },
      env: healthEnv(9115, "/-/healthy", "Healthy"),
      configs: [
        file("yml", renderBlackboxYml(args.site), "/etc/blackbox/blackbox.yml"),
        file("ca-crt", args.authority, authorityFile),
      ],
    },
    parent,
  );
}
