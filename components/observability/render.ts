import { stringify } from "yaml";
import { jobs, Scrape, Target } from "../swarm/metrics";
import { Probe } from "./probes";

export interface PrometheusSettings {
  stack: string;
  /** Seconds between two looks at everything. */
  scrapeSeconds: number;
  targets: readonly Target[];
  probes: readonly Probe[];
  /** The blackbox exporter, `name:port`; needed where there are probes. */
  blackbox?: string;
  /** Alertmanager, `name:port`. */
  alertmanager: string;
}

interface Labels {
  stack: string;
  host: string;
  service: string;
}

/** A port of a workload, as Prometheus looks at it. */
interface Endpoint extends Scrape {
  target: Target;
  labels: Labels;
}

const jobNames = ["blackbox-http", "blackbox-tls", "blackbox-tcp", "blackbox-icmp"] as const;

/** Figures that nobody looks at and that are many. */
const dropped = [
  "mtail_(line|vm|prog|log)_.*",
  "promhttp_.*",
  "go_(gc|memstats|threads|sched|cgo|cpu|memory|godebug|sync).*",
];

/** Of programs that tell hundreds of figures about themselves: what an operator asks about them. */
const kept: Partial<Record<string, string>> = {
  loki: "loki_(build_info|distributor_(lines|bytes)_received_total|discarded_samples_total|ingester_memory_streams)",
  alloy: "alloy_build_info|loki_write_(sent|dropped)_entries_total",
  grafana: "grafana_(build_info|http_request_duration_seconds_count)",
};

/** The host of a workload; one that may run on several has no single one. */
const hostOf = ({ hosts }: Target): string => (hosts.length === 1 ? (hosts[0] ?? "") : "several");

function endpoints({ stack, targets }: PrometheusSettings): Endpoint[] {
  return targets.flatMap((target) => {
    if ("none" in target.metrics) return [];
    const labels = { stack, host: hostOf(target), service: target.service };
    return target.metrics.map((scrape) => ({ ...scrape, target, labels }));
  });
}

/** A workload of one replica is known by name: when it is gone, it is down. Of several, DNS names each that is healthy. */
function discovery(all: readonly Endpoint[]): object {
  const single = all.filter(({ target }) => target.replicas === 1);
  const several = all.filter(({ target }) => target.replicas > 1);
  return {
    ...(single.length === 0
      ? {}
      : {
          static_configs: single.map(({ target, port, path, labels }) => ({
            targets: [`${target.hostname}:${port}`],
            labels: { ...labels, ...(path === undefined ? {} : { __metrics_path__: path }) },
          })),
        }),
    ...(several.length === 0
      ? {}
      : {
          dns_sd_configs: several.map(({ target, port }) => ({
            names: [target.hostname],
            type: "A",
            port,
            refresh_interval: "10s",
          })),
          relabel_configs: several.flatMap(({ target, port, path, labels }) =>
            Object.entries({ ...labels, ...(path === undefined ? {} : { __metrics_path__: path }) }).map(
              ([label, replacement]) => ({
                source_labels: ["__meta_dns_name", "__address__"],
                regex: `${target.hostname};.+:${port}`,
                target_label: label,
                replacement,
              }),
            ),
          ),
        }),
  };
}

function scrapeConfig(job: string, all: readonly Endpoint[]): object {
  const own = kept[job];
  return {
    job_name: job,
    ...discovery(all),
    metric_relabel_configs: [
      { source_labels: ["__name__"], regex: dropped.join("|"), action: "drop" },
      ...(own === undefined
        ? []
        : [{ source_labels: ["__name__"], regex: `process_.*|${own}`, action: "keep" }]),
      ...(job === "node" ? nodeRelabel : []),
      ...(job === "nginx" ? [{ regex: "prog", action: "labeldrop" }] : []),
    ],
  };
}

/** What hosts' own scripts leave for node exporter is a job of its own; of a unit's five states two are looked at. */
const nodeRelabel = [
  {
    source_labels: ["__name__", "state"],
    regex: "node_systemd_unit_state;(activating|deactivating|inactive)",
    action: "drop",
  },
  ...Object.entries({ mycelium: "hypha_mycelium", backup: "hypha_(backup|restore_drill)" }).map(
    ([job, start]) => ({
      source_labels: ["__name__"],
      regex: `${start}_.*`,
      target_label: "job",
      replacement: job,
    }),
  ),
];

function probeConfig(job: string, { stack, probes, blackbox }: PrometheusSettings): object {
  return {
    job_name: job,
    metrics_path: "/probe",
    static_configs: probes
      .filter((probe) => probe.job === job)
      .map(({ target, module, service, host, verified }) => ({
        targets: [target],
        labels: {
          ...{ stack, host, service, module, __param_module: module },
          ...(verified === undefined ? {} : { verified }),
        },
      })),
    relabel_configs: [
      { source_labels: ["__address__"], target_label: "__param_target" },
      { source_labels: ["__param_target"], target_label: "instance" },
      { target_label: "__address__", replacement: blackbox ?? "" },
    ],
  };
}

/** Prometheus' configuration: every workload that tells something, and every probe. */
export function renderPrometheusYml(settings: PrometheusSettings): string {
  const { stack, scrapeSeconds, probes, alertmanager } = settings;
  const all = endpoints(settings);
  return stringify(
    {
      global: {
        scrape_interval: `${scrapeSeconds}s`,
        scrape_timeout: `${Math.min(10, scrapeSeconds)}s`,
        evaluation_interval: `${scrapeSeconds}s`,
        external_labels: { stack },
      },
      rule_files: ["/etc/prometheus/rules/*.yml"],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
      scrape_configs: [
        ...jobs
          .map((job) => [job, all.filter((endpoint) => endpoint.job === job)] as const)
          .filter(([, found]) => found.length > 0)
          .map(([job, found]) => scrapeConfig(job, found)),
        ...jobNames
          .filter((job) => probes.some((probe) => probe.job === job))
          .map((job) => probeConfig(job, settings)),
      ],
    },
    { aliasDuplicateObjects: false },
  );
}
