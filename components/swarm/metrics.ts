/** The jobs that Prometheus knows; alert rules and dashboards count on these names. */
export const jobs = [
  "prometheus",
  "alertmanager",
  "loki",
  "alloy",
  "grafana",
  "node",
  "containers",
  "postgres",
  "pgbouncer",
  "nginx",
  "redis",
  "synapse",
  "bridge",
  "mycelium",
  "backup",
] as const;
export type Job = (typeof jobs)[number];

/** Where a workload tells its figures, on the stack's network and nowhere else. */
export interface Scrape {
  job: Job;
  port: number;
  /** @default "/metrics" */
  path?: string;
}

/** Where a workload tells its figures; or why nobody asks it, for the reader. */
export type Metrics = readonly [Scrape, ...Scrape[]] | { none: string };

/** A workload as Prometheus finds it. */
export interface Target {
  service: string;
  /** DNS name on the stack's network. */
  hostname: string;
  replicas: number;
  /** The hosts that it may run on. */
  hosts: string[];
  metrics: Metrics;
}
