import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { Strategy } from "../config/schema";
import { engineVariable } from "../host/channel";
import { Host } from "../host/host";
import { Vps } from "../host/vps";
import { dataDirectory } from "../shell/dataDirectory";
import { hostScript } from "../shell/hostScript";
import { Cluster } from "../swarm/cluster";
import { stackName } from "../swarm/naming";
import { removeOtherSets } from "../swarm/sets";
import { Workload } from "../swarm/workload";
import { setVariable } from "./render";

/** What tells through the edge whether a workload does its work. */
export interface Probe {
  path: string;
  /** Extended regular expression that the answer's body matches. */
  content: string;
}

export interface RolloutArgs {
  /** Its strategy is blue-green or canary. */
  workload: Workload;
  port: number;
  probe: Probe;
  /** The site's name. */
  domain: string;
}

/** The directory of an edge host that its Nginx reads the rollouts from. */
export function rolloutsDirectory(host: Host): string {
  const stack = pulumi.getStack();
  return host instanceof Vps ? `/etc/hypha/edge/${stack}` : path.join(dataDirectory(), "edge", stack);
}

function judgement(strategy: Strategy): Record<string, string> {
  if (strategy.kind === "rolling") return {};
  const canary = strategy.kind === "canary" ? strategy : undefined;
  return {
    CANARY_PERCENT: String(canary?.percent ?? 0),
    CANARY_SECONDS: String(canary?.seconds ?? 0),
    CONFIRM_SECONDS: String(strategy.confirmSeconds),
    MAX_ERROR_PERCENT: String(strategy.maxErrorPercent),
    MAX_MILLISECONDS: String(strategy.maxLatencyMilliseconds),
  };
}

/**
 * Moves the requests of a workload to its newest set, on each edge host in turn: asked through the edge first, then
 * given requests as its strategy says, and judged by its answers. Once every edge has confirmed it, the other sets are
 * removed. A set that is refused loses its requests to the one before, and fails the update; the hosts behind that one
 * keep the old set. `destroy` removes the edge's file.
 */
export class Rollout extends pulumi.ComponentResource {
  /** Wait for this: every edge knows where to send requests. */
  readonly done: pulumi.Resource[];

  constructor(name: string, cluster: Cluster, args: RolloutArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:edge:Rollout", name, {}, opts);
    const { workload, port, probe, domain } = args;
    this.done = [];
    for (const host of cluster.hostsWith("edge")) {
      const where =
        host instanceof Vps
          ? ({ channel: { kind: "ssh", endpoint: host.root }, root: true } as const)
          : { channel: host.channel };
      const step = hostScript(
        `${name}-on-${host.name}`,
        {
          ...where,
          script: "edge/scripts/rollout.sh",
          libraries: ["edge/scripts/judge.sh"],
          variables: {
            HOST_NAME: host.name,
            ...engineVariable(host.channel),
            WORKLOAD: workload.name,
            VARIABLE: setVariable(workload.name),
            SET: pulumi.interpolate`${workload.live}:${port}`,
            EDGE: stackName("edge"),
            DIRECTORY: rolloutsDirectory(host),
            SITE: domain,
            PROBE_PATH: probe.path,
            PROBE_CONTENT: probe.content,
            ...judgement(workload.strategy),
          },
          undo: true,
        },
        { parent: this, dependsOn: [host.ready, workload, ...this.done.slice(-1)] },
      );
      this.done.push(step);
    }
    removeOtherSets(
      `${name}-sets`,
      cluster,
      { workload: workload.name, live: workload.live },
      { parent: this, dependsOn: this.done },
    );
    this.registerOutputs({});
  }
}
