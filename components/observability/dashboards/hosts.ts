import { Objective, recorded } from "../rules/slo";
import type { Dashboard, Panel } from "./panel";
import { graph, of, on, q, stack, stat } from "./query";

const one = { warning: 1, critical: 1 };
const service = "container_label_com_docker_swarm_service_name";

const cpuBusy = (selector: string) =>
  `1 - avg by (host) (rate(node_cpu_seconds_total{${selector},mode="idle"}[5m]))`;
const disk = 'fstype!~"tmpfs|devtmpfs|ramfs|squashfs|iso9660|erofs"';
const diskUsed = (selector: string) =>
  `max by (host, mountpoint) (1 - node_filesystem_avail_bytes{${selector},${disk}} / node_filesystem_size_bytes{${selector},${disk}})`;
const memoryUsed = (selector: string) =>
  `1 - node_memory_MemAvailable_bytes{${selector}} / node_memory_MemTotal_bytes{${selector}}`;

/** Of an hour; of five minutes for as long as there is no hour. */
const objective = (name: Objective) =>
  q(`${recorded(name, "1h")}{${stack}} or ${recorded(name, "5m")}{${stack}}`, "{{service}}");

export const overview: Dashboard = {
  title: "Hypha: overview",
  description: "One page to keep open: what fires, what is down, and the objectives.",
  perHost: false,
  panels: [
    stat("Critical", `count(ALERTS{${stack},alertstate="firing",severity="critical"}) or vector(0)`, {
      bad: one,
    }),
    stat("Warnings", `count(ALERTS{${stack},alertstate="firing",severity="warning"}) or vector(0)`, {
      bad: { warning: 1, critical: 10 },
    }),
    stat("Targets down", `count(up{${stack}} == 0) or vector(0)`, { bad: one }),
    stat("Site answers", `avg(probe_success{${of("blackbox-http")}})`, {
      unit: "percentunit",
      bad: { warning: 1, critical: 0.9, low: true },
    }),
    stat("Certificate ends", `min(probe_ssl_earliest_cert_expiry{${of("blackbox-tls")}}) * 1000`, {
      unit: "dateTimeFromNow",
    }),
    stat("Last backup", `min(hypha_backup_last_success_timestamp_seconds{${stack}}) * 1000`, {
      unit: "dateTimeFromNow",
      none: "none yet",
    }),
    {
      title: "What fires",
      kind: "table",
      width: 24,
      none: "Nothing fires",
      queries: [
        q(
          `sum by (severity, alertname, host, service, instance) (ALERTS{${stack},alertstate="firing",alertname!="Watchdog"})`,
          "",
        ),
      ],
    },
    graph("Failed probes (objective 0.1%)", "percentunit", objective("uptime")),
    graph("Messages not delivered (0.5%)", "percentunit", objective("federation")),
    graph("Messages over 500 ms (1%)", "percentunit", objective("latency")),
    graph("CPU", "percentunit", q(cpuBusy(of("node")))),
    graph("Memory", "percentunit", q(memoryUsed(of("node")))),
    graph("Disks", "percentunit", q(diskUsed(of("node")), "{{host}} {{mountpoint}}")),
  ],
};

const node = on("node");
export const host: Dashboard = {
  title: "Hypha: host",
  description: "Use, saturation and errors of CPU, memory, disk and network.",
  perHost: true,
  panels: [
    graph(
      "CPU by mode",
      "percentunit",
      q(`avg by (host, mode) (rate(node_cpu_seconds_total{${node},mode!="idle"}[5m]))`, "{{host}} {{mode}}"),
    ),
    graph(
      "Load",
      "short",
      q(`node_load1{${node}}`),
      q(`count by (host) (node_cpu_seconds_total{${node},mode="idle"})`, "{{host}} CPUs"),
    ),
    graph("Waiting for CPU", "percentunit", q(`rate(node_pressure_cpu_waiting_seconds_total{${node}}[5m])`)),
    graph("Memory", "percentunit", q(memoryUsed(node))),
    graph("Swap", "bytes", q(`node_memory_SwapTotal_bytes{${node}} - node_memory_SwapFree_bytes{${node}}`)),
    graph(
      "Waiting for memory",
      "percentunit",
      q(`rate(node_pressure_memory_waiting_seconds_total{${node}}[5m])`),
    ),
    graph("Disks", "percentunit", q(diskUsed(node), "{{host}} {{mountpoint}}")),
    graph(
      "Disk traffic",
      "Bps",
      q(`rate(node_disk_read_bytes_total{${node}}[5m])`, "{{host}} {{device}} read"),
      q(`rate(node_disk_written_bytes_total{${node}}[5m])`, "{{host}} {{device}} written"),
    ),
    graph("Waiting for disks", "percentunit", q(`rate(node_pressure_io_waiting_seconds_total{${node}}[5m])`)),
    graph(
      "Network",
      "Bps",
      q(`rate(node_network_receive_bytes_total{${node}}[5m])`, "{{host}} {{device}} in"),
      q(`rate(node_network_transmit_bytes_total{${node}}[5m])`, "{{host}} {{device}} out"),
    ),
    {
      title: "Failed units",
      kind: "table",
      width: 16,
      none: "No unit has failed",
      queries: [q(`sum by (host, name) (node_systemd_unit_state{${node},state="failed"} == 1)`, "")],
    },
  ],
};

/** Which container of which service, without the stack's prefix and the task's id: it stays the same over releases. */
const named = (expr: string) =>
  `label_replace(${expr}, "container", "$1", "name", "(?:hypha-)?(.+?)(?:[.][a-z0-9]{25})?")`;
const byContainer = (aggregate: "sum" | "max", expr: string) =>
  q(`${aggregate} by (container) (${named(expr)})`, "{{container}}");
const manyLines = (...panel: Parameters<typeof graph>): Panel => ({
  ...graph(...panel),
  width: 12,
  many: true,
});

export const containers: Dashboard = {
  title: "Hypha: containers",
  description: "What each service uses of its limits.",
  perHost: true,
  panels: [
    manyLines(
      "CPU",
      "short",
      byContainer("sum", `rate(container_cpu_usage_seconds_total{${on("containers")}}[5m])`),
    ),
    manyLines(
      "Memory",
      "bytes",
      byContainer("sum", `container_memory_working_set_bytes{${on("containers")}}`),
    ),
    manyLines(
      "Share of the memory limit",
      "percentunit",
      byContainer(
        "max",
        `container_memory_working_set_bytes{${on("containers")}} / (container_spec_memory_limit_bytes{${on("containers")}} > 0)`,
      ),
    ),
    manyLines(
      "Out of memory",
      "short",
      byContainer("sum", `increase(container_oom_events_total{${on("containers")}}[10m])`),
    ),
    manyLines(
      "Containers of a service",
      "short",
      q(`count by (${service}) (container_start_time_seconds{${on("containers")}})`, `{{${service}}}`),
    ),
    {
      title: "Started",
      kind: "table",
      width: 12,
      unit: "dateTimeFromNow",
      value: "started",
      queries: [
        q(
          `max by (host, container) (${named(`container_start_time_seconds{${on("containers")}}`)}) * 1000`,
          "",
        ),
      ],
    },
  ],
};
