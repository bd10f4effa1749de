import { ownMetrics } from "../../../components/observability/contract";
import type { Metrics } from "../../../components/observability/contract";
import { sloRecordings } from "../../../components/observability/rules/slo";
import captured from "./fixtures/metrics.json";
import { groupedBy, selectors } from "./promql";

/** Labels that a target has and an exporter does not give. */
const ofTargets = ["stack", "host", "service", "job", "instance"];

const merge = (...all: readonly Readonly<Record<string, Metrics>>[]): Map<string, Set<string>> => {
  const known = new Map<string, Set<string>>();
  for (const metrics of all.flatMap((one) => Object.values(one))) {
    for (const [name, labels] of Object.entries(metrics)) {
      known.set(name, new Set([...(known.get(name) ?? ofTargets), ...labels]));
    }
  }
  return known;
};

/** Every metric that is there, with its labels: as real exporters gave them (fixtures/README.md), and our own. */
const known = merge(captured, ownMetrics, {
  prometheus: { up: [], ALERTS: ["alertname", "alertstate", "severity"] },
  "blackbox-tls": { probe_success: ["verified"], probe_ssl_earliest_cert_expiry: ["verified"] },
  slo: Object.fromEntries(sloRecordings.map(({ record }) => [record, []])),
});

/** What an expression asks for that no exporter gives, in words. */
export function unknownIn(expr: string): string[] {
  const asked = selectors(expr);
  const offered = new Set(asked.flatMap(({ metric }) => [...(known.get(metric) ?? [])]));
  // label_replace() makes one.
  const made = [...expr.matchAll(/label_replace\([^]*?,\s*"(\w+)"/g)].map(([, label]) => label);
  return [
    ...asked.flatMap(({ metric, labels }) => {
      const own = known.get(metric);
      return own === undefined
        ? [`no metric ${metric}`]
        : Object.keys(labels)
            .filter((label) => !own.has(label))
            .map((label) => `no label ${label} of ${metric}`);
    }),
    ...groupedBy(expr)
      .filter((label) => asked.length > 0 && !offered.has(label) && !made.includes(label))
      .map((label) => `no label ${label} to group by`),
  ];
}
