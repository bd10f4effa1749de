import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { upstreamUids } from "../config/versions";
import { Host } from "../host/host";
import { Vps } from "../host/vps";
import { Cluster } from "../swarm/cluster";
import { ConfigFile } from "../swarm/files";
import { stackLabels, stackName } from "../swarm/naming";
import { HostMount } from "../swarm/mounts";
import { Workload } from "../swarm/workload";
import { healthEnv } from "./health";
import { alloyPaths, alloyPort, renderAlloy } from "./logsRender";
import { Loki } from "./loki";
import { UpstreamProgram } from "./upstream";

export interface AlloyArgs {
  program: UpstreamProgram;
  /** The host whose logs it sends. */
  host: Host;
  loki: Loki;
  /** Whether the journal of a server is among them. */
  journal: boolean;
}

/**
 * Grafana Alloy for one host: it sends every line that the stack's containers write, and the server's journal, to Loki.
 * It is root without any capability, so that it reads what is root's and changes nothing; how far it got is on a
 * volume. `destroy` removes it and the volume.
 */
export class Alloy extends pulumi.ComponentResource {
  constructor(name: string, cluster: Cluster, args: AlloyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:observability:Alloy", name, {}, opts);
    const { host, loki } = args;
    const { image, place, healthcheck } = args.program;
    const uid = upstreamUids.alloy;
    // Nothing is known of the machine below the local engine: it may have no systemd.
    const journal = args.journal && host instanceof Vps;
    const settings = new ConfigFile(
      `${name}-config`,
      cluster,
      {
        content: renderAlloy({ stack: pulumi.getStack(), host: host.name, loki: loki.address, journal }),
      },
      { parent: this },
    );
    const positions = new docker.Volume(
      `${name}-positions`,
      { name: stackName(`${name}-positions`), labels: stackLabels() },
      { parent: this, provider: host.provider, dependsOn: cluster.node(host.name) },
    );
    const follow = host instanceof Vps;
    const mounts: HostMount[] = [
      {
        source: pulumi.interpolate`${host.facts.dataDirectory}/containers`,
        path: alloyPaths.containers,
        follow,
      },
      // Not the journal's own directory: a server without one would start no container.
      ...(journal ? [{ source: "/var/log", path: alloyPaths.log, follow }] : []),
    ];
    new Workload(
      name,
      cluster,
      {
        image,
        healthcheck,
        host: host.name,
        uid,
        metrics: [{ job: "alloy", port: alloyPort }],
        command: [
          place,
          "run",
          `--server.http.listen-addr=0.0.0.0:${alloyPort}`,
          `--storage.path=${alloyPaths.data}`,
          "--disable-reporting",
          "/etc/alloy/config.alloy",
        ],
        env: { ...healthEnv(alloyPort, "/-/ready", "ready"), GOMEMLIMIT: "230MiB" },
        configs: [{ config: settings, path: "/etc/alloy/config.alloy", uid }],
        volumes: [{ volume: positions.name, path: alloyPaths.data }],
        hostMounts: mounts,
        memoryMiB: 256,
        startSeconds: 60,
        stopSeconds: 30,
        after: [loki.workload],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
