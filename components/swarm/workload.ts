import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Strategy } from "../config/schema";
import { Image } from "../images/serviceImage";
import { Cluster, hostConstraint, NodeRole, roleConstraint } from "./cluster";
import { duration } from "./duration";
import { onServiceError } from "./failure";
import { stackLabels, stackName } from "./naming";
import { ConfigMount, SecretMount } from "./files";
import { Healthcheck, healthcheck } from "./health";
import { Metrics } from "./metrics";
import { containerMounts, Mounts } from "./mounts";
import { removal } from "./removal";
import { setLabels } from "./sets";

export interface WorkloadArgs extends Mounts {
  image: Image;
  /** Where it may run. @default "app" */
  role?: NodeRole;
  /** The one host that it runs on, by its name, instead of a role. */
  host?: string;
  /** Where it tells its figures, or why it has none. */
  metrics: Metrics;
  /** What the container runs. @default the image's own */
  command?: pulumi.Input<string>[];
  /** Account that it runs as, if not the image's. */
  uid?: number;
  /** @default 1 */
  replicas?: number;
  /** Not for secrets. */
  env?: Record<string, pulumi.Input<string>>;
  secrets?: SecretMount[];
  configs?: ConfigMount[];
  /** Ports published on the node itself. */
  ports?: { target: number; published: number }[];
  /** Memory limit in MiB; the container is killed above it. */
  memoryMiB: pulumi.Input<number>;
  /** CPU limit in cores. @default none */
  cpus?: number;
  /** Seconds the first healthy answer may take; failures count after it. @default 20 */
  startSeconds?: number;
  /** Three checks that fail kill it; what owns a volume has half a minute. @default the image's /usr/local/bin/healthcheck */
  healthcheck?: Healthcheck;
  /** What asks it to end. @default the image's own signal */
  stopSignal?: string;
  /** Seconds between that and SIGKILL. @default 10 */
  stopSeconds?: number;
  /** How a new version takes over; what owns a volume or a port can have none but rolling. @default rolling */
  strategy?: Strategy;
  /** What must be there before it starts. */
  after?: pulumi.Resource[];
}

/** Seconds that a task may take besides: until it has a host, and its container runs. */
const placingSeconds = 36;
const restartSeconds = 2;
/** Each line says which service and which task of it wrote it: whoever reads the files needs no Docker API for that. */
const logOptions = {
  ...{ "max-size": "10m", "max-file": "3" },
  labels: "com.docker.swarm.service.name,com.docker.swarm.task.name",
};

/**
 * A replicated Swarm service: health check, limits, restart and update policy and log rotation, without exception.
 * A release whose health check fails is rolled back by Swarm and fails the update. A workload that owns a volume or
 * a port stops the old container first, any other starts the new one first. With a strategy other than rolling each
 * version is a set of its own, a service beside the old one, which stays until a `Rollout` lets it go. What it tells of
 * itself is one of the cluster's `targets`. `destroy` lets the service, or every set, end, and removes it.
 */
export class Workload extends pulumi.ComponentResource {
  readonly name: string;
  /** DNS name on the stack's network; resolves to every healthy replica. */
  readonly hostname: string;
  readonly strategy: Strategy;
  /** DNS name of the newest set alone; the same as `hostname` where there are no sets. */
  readonly live: pulumi.Output<string>;
  readonly serviceId: pulumi.Output<string>;

  constructor(name: string, cluster: Cluster, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:swarm:Workload", name, {}, opts);
    this.name = name;
    this.hostname = stackName(name);
    this.strategy = args.strategy ?? { kind: "rolling" };
    const staged = this.strategy.kind !== "rolling";
    const { role = "app", replicas = 1, host } = args;
    const ownsVolume = (args.volumes ?? []).some((mount) => !mount.shared);
    const exclusive = ownsVolume || (args.ports ?? []).length > 0;
    if (staged && exclusive) {
      throw new pulumi.RunError(
        `${name}: owns a volume or a port, which two sets cannot share; fix: strategy rolling`,
      );
    }
    const startSeconds = args.startSeconds ?? 20;
    const health = healthcheck({ check: args.healthcheck, startSeconds, ownsVolume });
    const policy = {
      parallelism: 1,
      order: exclusive ? "stop-first" : "start-first",
      monitor: duration(5),
      delay: duration(0),
      maxFailureRatio: "0",
    };
    const needs = [
      ...(host === undefined ? cluster.nodesWith(role) : [cluster.node(host)]),
      args.image,
      ...(args.after ?? []),
    ];
    const files = [
      ...(args.secrets ?? []).map((one) => one.secret),
      ...(args.configs ?? []).map((one) => one.config),
    ];
    const stopSeconds = args.stopSeconds ?? 10;
    const removed = removal(
      // Another resource for each: the one of the strategy before goes, and takes with it what that had running.
      `${name}-${staged ? "sets" : "removal"}`,
      cluster,
      staged ? { workload: name } : { service: this.hostname },
      stopSeconds,
      { parent: this, dependsOn: [cluster.network, ...files, ...needs] },
    );
    const service = new docker.Service(
      `${name}-service`,
      {
        // A set cannot be changed in place, so Pulumi names it; all sets of a workload go by its hostname, too.
        name: staged ? undefined : this.hostname,
        labels: staged ? setLabels(name) : stackLabels(),
        mode: { replicated: { replicas } },
        endpointSpec: {
          mode: "dnsrr",
          ports: (args.ports ?? []).map((port) => ({
            targetPort: port.target,
            publishedPort: port.published,
            protocol: "tcp",
            publishMode: "host",
          })),
        },
        updateConfig: { ...policy, failureAction: "rollback" },
        // Over before a task that failed is started again: of two in one slot Swarm may keep the one that does not serve yet.
        rollbackConfig: { ...policy, monitor: duration(restartSeconds / 2), failureAction: "pause" },
        // Long enough for every replica to start and be found healthy, one after the other, and to fail once; a set's
        // start all at once.
        convergeConfig: {
          delay: duration(1),
          timeout: duration(
            (startSeconds + health.failSeconds + placingSeconds) * (staged ? 1 : replicas + 1),
          ),
        },
        taskSpec: {
          networksAdvanceds: [{ id: cluster.networkId, aliases: staged ? [this.hostname] : undefined }],
          placement: { constraints: [host === undefined ? roleConstraint(role) : hostConstraint(host)] },
          restartPolicy: { condition: "any", delay: duration(restartSeconds), window: duration(60) },
          logDriver: { name: "json-file", options: logOptions },
          resources: {
            limits: {
              memoryBytes: pulumi.output(args.memoryMiB).apply((size) => size * 1024 * 1024),
              nanoCpus: args.cpus === undefined ? undefined : Math.round(args.cpus * 1e9),
            },
          },
          containerSpec: {
            image: args.image.reference,
            hostname: name,
            commands: args.command,
            user: args.uid === undefined ? undefined : `${args.uid}:${args.uid}`,
            env: args.env,
            readOnly: true,
            capDrops: ["ALL"],
            stopSignal: args.stopSignal,
            stopGracePeriod: duration(stopSeconds),
            healthcheck: health.healthcheck,
            mounts: containerMounts(args),
            secrets: (args.secrets ?? []).map((mount) => ({
              secretId: mount.secret.id,
              secretName: mount.secret.name,
              fileName: mount.path,
              fileUid: String(mount.uid),
              fileGid: String(mount.uid),
              fileMode: 0o400,
            })),
            configs: (args.configs ?? []).map((mount) => ({
              configId: mount.config.id,
              configName: mount.config.name,
              fileName: mount.path,
              fileUid: String(mount.uid),
              fileGid: String(mount.uid),
              fileMode: 0o400,
            })),
          },
        },
      },
      {
        parent: this,
        provider: cluster.provider,
        dependsOn: [...needs, removed],
        hooks: { onError: [onServiceError(cluster, this.hostname, stopSeconds)] },
        retainOnDelete: true,
        ...(staged ? { replaceOnChanges: ["taskSpec"] } : {}),
      },
    );
    this.live = service.name;
    this.serviceId = service.id;
    const hosts = host === undefined ? cluster.hostsWith(role).map((one) => one.name) : [host];
    cluster.targets.push({ service: name, hostname: this.hostname, replicas, hosts, metrics: args.metrics });
    this.registerOutputs({ hostname: this.hostname, serviceId: this.serviceId });
  }
}
