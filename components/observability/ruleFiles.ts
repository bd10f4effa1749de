import * as pulumi from "@pulumi/pulumi";
import { workerConnections } from "../edge/render";
import { Machine } from "../sizing/sizing";
import { Job } from "./contract";
import { renderRules } from "./rules/render";

export interface RuleFilesArgs {
  /** The jobs that have targets. */
  jobs: readonly Job[];
  /** The hosts that run the edge: it has a worker for each CPU. */
  machines: pulumi.Input<Machine>[];
  /** Connections that Postgres takes. */
  postgresConnections: number;
  /** Address of docs/runbooks.md. */
  runbooks: string;
}

/** The files below /etc/prometheus/rules, by name. */
export function ruleFiles(args: RuleFilesArgs): Record<string, pulumi.Output<string>> {
  const { jobs, runbooks, postgresConnections } = args;
  // The bridge has no way to the node, which listens on the host's loopback only.
  const render = (edgeConnections: number) =>
    renderRules({ jobs, runbooks, postgresConnections, edgeConnections, bridgeUsesMycelium: false });
  const connections = pulumi
    .all(args.machines)
    .apply((machines) => (Math.min(...machines.map(({ cpus }) => cpus)) * workerConnections) / 2);
  return Object.fromEntries(
    Object.keys(render(workerConnections)).map((file) => [
      file,
      connections.apply((count) => render(count)[file] ?? ""),
    ]),
  );
}
