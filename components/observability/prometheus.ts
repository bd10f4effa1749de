import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { imageUids } from "../config/versions";
import { Image } from "../images/serviceImage";
import { Machine, prometheusSizes } from "../sizing/sizing";
import { Cluster } from "../swarm/cluster";
import { ConfigFile } from "../swarm/files";
import { stackLabels, stackName } from "../swarm/naming";
import { Workload } from "../swarm/workload";
import { healthEnv } from "./health";
import { PrometheusSettings, renderPrometheusYml } from "./render";

export interface PrometheusArgs extends Omit<PrometheusSettings, "stack" | "targets"> {
  image: Image;
  /** The host that runs it: memory and disk that are not given follow from it. */
  machine: pulumi.Input<Machine & { diskMiB: number }>;
  /** Days that figures are kept, at most. */
  retentionDays: number;
  /** MiB that they may take. @default a tenth of the disk */
  diskMiB?: number;
  /** Files below /etc/prometheus/rules, by name. */
  rules: Readonly<Record<string, pulumi.Input<string>>>;
  /** Leave the volume where it is when the stack goes. */
  keepData: boolean;
}

const port = 9090;

/**
 * Prometheus on the host with the role observe: it asks every workload that the cluster knows by now, and itself, and
 * evaluates its rules. Reached on the stack's network only. `destroy` removes it, and its figures
 * only where `keepData` is false.
 */
export class Prometheus extends pulumi.ComponentResource {
  readonly workload: Workload;

  constructor(name: string, cluster: Cluster, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:observability:Prometheus", name, {}, opts);
    const uid = imageUids.prometheus;
    const metrics = [{ job: "prometheus", port }] as const;
    const hosts = cluster.hostsWith("observe").map((host) => host.name);
    const itself = { service: name, hostname: stackName(name), replicas: 1, hosts, metrics };
    const config = (role: string, content: pulumi.Input<string>, file: string) => ({
      config: new ConfigFile(`${name}-${role}`, cluster, { content }, { parent: this }),
      path: `/etc/prometheus/${file}`,
      uid,
    });
    const settings = { ...args, stack: pulumi.getStack(), targets: [...cluster.targets, itself] };
    const sizes = pulumi.output(args.machine).apply((machine) => prometheusSizes(machine, args));
    const data = observedVolume(`${name}-data`, cluster, args.keepData, this);
    this.workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        role: "observe",
        metrics,
        command: [
          "/usr/local/bin/prometheus",
          "--config.file=/etc/prometheus/prometheus.yml",
          "--storage.tsdb.path=/prometheus",
          `--storage.tsdb.retention.time=${args.retentionDays}d`,
          pulumi.interpolate`--storage.tsdb.retention.size=${sizes.diskMiB}MB`,
        ],
        env: {
          ...healthEnv(port, "/-/ready", "Prometheus Server is Ready"),
          GOMEMLIMIT: pulumi.interpolate`${sizes.goLimitMiB}MiB`,
        },
        configs: [
          config("yml", renderPrometheusYml(settings), "prometheus.yml"),
          ...Object.entries(args.rules)
            .sort(([one], [other]) => (one < other ? -1 : 1))
            .map(([file, text]) => config(`rules-${file.replace(/\.yml$/, "")}`, text, `rules/${file}`)),
        ],
        volumes: [{ volume: data.name, path: "/prometheus" }],
        memoryMiB: sizes.memoryMiB,
        startSeconds: 90,
        stopSeconds: 60,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** A volume on the host that watches. */
export function observedVolume(
  name: string,
  cluster: Cluster,
  keepData: boolean,
  parent: pulumi.Resource,
): docker.Volume {
  const [host = cluster.manager] = cluster.hostsWith("observe");
  return new docker.Volume(
    name,
    { name: stackName(name), labels: stackLabels() },
    {
      parent,
      provider: host.provider,
      dependsOn: cluster.nodesWith("observe"),
      retainOnDelete: keepData,
    },
  );
}
