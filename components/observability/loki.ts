import * as pulumi from "@pulumi/pulumi";
import { upstreamUids } from "../config/versions";
import { Machine, lokiSizes } from "../sizing/sizing";
import { Cluster } from "../swarm/cluster";
import { ConfigFile } from "../swarm/files";
import { Workload } from "../swarm/workload";
import { healthEnv } from "./health";
import { lokiPort, renderLokiYml } from "./logsRender";
import { observedVolume } from "./prometheus";
import { UpstreamProgram } from "./upstream";

export interface LokiArgs {
  program: UpstreamProgram;
  /** The host that runs it: its memory limit follows from it. */
  machine: pulumi.Input<Machine>;
  /** Days that lines are kept. */
  days: number;
  /** Leave the volume where it is when the stack goes. */
  keepData: boolean;
}

/**
 * Loki on the host with the role observe, reached on the stack's network only: it keeps the lines that Alloy sends.
 * `destroy` removes it, and the lines only where `keepData` is false.
 */
export class Loki extends pulumi.ComponentResource {
  /** `name:port` on the stack's network. */
  readonly address: string;
  readonly workload: Workload;

  constructor(name: string, cluster: Cluster, args: LokiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:observability:Loki", name, {}, opts);
    const { image, place, healthcheck } = args.program;
    const uid = upstreamUids.loki;
    const settings = new ConfigFile(
      `${name}-yml`,
      cluster,
      { content: renderLokiYml(args) },
      { parent: this },
    );
    const sizes = pulumi.output(args.machine).apply(lokiSizes);
    const data = observedVolume(`${name}-data`, cluster, args.keepData, this);
    this.workload = new Workload(
      name,
      cluster,
      {
        image,
        healthcheck,
        role: "observe",
        uid,
        metrics: [{ job: "loki", port: lokiPort }],
        command: [place, "-config.file=/etc/loki/loki.yml"],
        env: {
          ...healthEnv(lokiPort, "/ready", "ready"),
          GOMEMLIMIT: pulumi.interpolate`${sizes.goLimitMiB}MiB`,
        },
        configs: [{ config: settings, path: "/etc/loki/loki.yml", uid }],
        volumes: [{ volume: data.name, path: "/loki" }],
        memoryMiB: sizes.memoryMiB,
        // It waits 15 s for others that might have been there before it says that it is ready.
        startSeconds: 90,
        stopSeconds: 60,
      },
      { parent: this },
    );
    this.address = `${this.workload.hostname}:${lokiPort}`;
    this.registerOutputs({});
  }
}
