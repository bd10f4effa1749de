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
  /** The bridge has a way to its host's Mycelium node. */
  bridgeUsesMycelium: boolean;
  /** Address of docs/runbooks.md. */
  runbooks: string;
}

/** The files below /etc/prometheus/rules, by name. */
export function ruleFiles(args: RuleFilesArgs): Record<string, pulumi.Output<string>> {
  const { machines: edges, ...settings } = args;
  const render = (edgeConnections: number) => renderRules({ ...settings, edgeConnections });
  const connections = pulumi
    .all(edges)
    .apply((machines) => (Math.min(...machines.map(({ cpus }) => cpus)) * workerConnections) / 2);
  return Object.fromEntries(
    Object.keys(render(workerConnections)).map((file) => [
      file,
      connections.apply((count) => render(count)[file] ?? ""),
    ]),
  );
}
