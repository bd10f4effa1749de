import * as pulumi from "@pulumi/pulumi";
import { ObservabilityConfig, StackConfig } from "../config/schema";
import { Alloy } from "../observability/alloy";
import { Grafana, GrafanaArgs } from "../observability/grafana";
import { Loki } from "../observability/loki";
import { upstreamProgram } from "../observability/upstream";
import { Cluster } from "../swarm/cluster";

// What Debian does not have is there only where the configuration has a section for it.

/** Loki where everything is watched from, and Alloy on every host. */
export function collectLogs(
  cluster: Cluster,
  { images }: StackConfig,
  { logs, keepData }: ObservabilityConfig,
  parent: pulumi.Resource,
): Loki | undefined {
  if (logs === undefined) return undefined;
  const from = { images, host: cluster.manager };
  const child = { parent };
  const [watcher = cluster.manager] = cluster.hostsWith("observe");
  const kept = { ...from, source: logs.loki.source, nodes: [watcher] };
  const loki = new Loki(
    "loki",
    cluster,
    { program: upstreamProgram("loki", kept, child), machine: watcher.facts, days: logs.days, keepData },
    child,
  );
  const hosts = Object.keys(cluster.nodes)
    .sort()
    .flatMap((host) => cluster.nodes[host]?.host ?? []);
  const program = upstreamProgram("alloy", { ...from, source: logs.alloy.source, nodes: hosts }, child);
  for (const host of hosts) {
    new Alloy(`alloy-${host.name}`, cluster, { program, host, loki, journal: logs.journal }, child);
  }
  return loki;
}

/** Grafana, where everything is watched from. */
export function showPages(
  cluster: Cluster,
  { images }: StackConfig,
  { grafana }: ObservabilityConfig,
  shown: Omit<GrafanaArgs, "program">,
  parent: pulumi.Resource,
): Grafana | undefined {
  if (grafana === undefined) return undefined;
  const [watcher = cluster.manager] = cluster.hostsWith("observe");
  const from = { source: grafana.source, images, host: cluster.manager, nodes: [watcher] };
  const program = upstreamProgram("grafana", from, { parent });
  return new Grafana("grafana", cluster, { ...shown, program }, { parent });
}
