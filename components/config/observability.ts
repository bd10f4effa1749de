import { z } from "zod";
import { alerts } from "./alerts";
import { problem } from "./fields";
import type { Hosts } from "./hosts";
import { grafana, logs } from "./upstream";

/** What can be watched, each by an exporter or a listener of its own. */
const exporters = z
  .strictObject({
    node: z.boolean().default(true).describe("Each host: CPU, memory, disks, network, units. Default: true"),
    containers: z
      .boolean()
      .default(true)
      .describe("Each container's CPU, memory, limit and OOM kills. Default: true"),
    postgres: z
      .boolean()
      .default(true)
      .describe(
        "Postgres, and the pooler in front of it where there is one, as accounts that may only look. Default: true",
      ),
    nginx: z
      .boolean()
      .default(true)
      .describe("The edge: connections, requests by status, how long they took. Default: true"),
    synapse: z.boolean().default(true).describe("The homeserver's own figures. Default: true"),
    bridge: z.boolean().default(true).describe("What the bridge's status says. Default: true"),
    mycelium: z.boolean().default(true).describe("The Mycelium node's peers. Default: true"),
    blackbox: z
      .boolean()
      .default(true)
      .describe("The site, its certificate and the servers, asked from outside. Default: true"),
  })
  .prefault({})
  .describe("What is watched. Default: everything");

export const observability = z
  .strictObject({
    scrapeSeconds: z
      .int()
      .min(5)
      .max(300)
      .default(15)
      .describe("Seconds between two looks at everything, 5 to 300. Default: 15"),
    retention: z
      .strictObject({
        days: z
          .int()
          .min(1)
          .max(3650)
          .default(30)
          .describe("Days that figures are kept, at most. Default: 30"),
        diskMiB: z
          .int()
          .min(256)
          .max(16_777_216)
          .optional()
          .describe(
            "MiB that they may take; the oldest go first. Default: a tenth of the disk, 512 MiB to 50 GiB",
          ),
      })
      .prefault({})
      .describe("How long figures are kept: until the days or the disk run out"),
    keepData: z
      .boolean()
      .default(true)
      .describe(
        "true: destroy leaves figures, silences and logs; false: destroy removes them. Default: true",
      ),
    exporters,
    alerts: alerts.prefault({}),
    logs: logs.optional(),
    grafana: grafana.optional(),
  })
  .describe(
    "Prometheus, Alertmanager and exporters. They run on the host with the role observe, or else beside the data. Without this section there are none",
  );

const withRole = (hosts: Hosts, role: Hosts[string]["roles"][number]): string[] =>
  Object.keys(hosts)
    .filter((name) => hosts[name]?.roles.includes(role))
    .sort();

/** Prometheus' volume is on one host. */
export function checkObserver(hosts: Hosts, wanted: boolean, context: z.RefinementCtx): void {
  const names = withRole(hosts, "observe");
  if (!wanted && names.length > 0) {
    problem(
      context,
      ["hosts", names[0] ?? "", "roles"],
      "has the role observe, and there is no section hypha:observability",
      "add the section (it may be empty: {}), or take the role away",
    );
  }
  if (names.length > 1) {
    problem(
      context,
      ["hosts"],
      `has ${names.length} hosts with the role observe (${names.join(", ")}), and the figures live on one`,
      "give it to one of them",
    );
  }
}

/** The host that watches: the one with the role, or else the one with the data; none without the section. */
export function observer(config: { hosts: Hosts; observability?: object | undefined }): string | undefined {
  if (config.observability === undefined) return undefined;
  return withRole(config.hosts, "observe")[0] ?? withRole(config.hosts, "data")[0];
}
