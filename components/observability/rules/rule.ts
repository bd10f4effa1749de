import type { Job } from "../contract";

/** critical: wake somebody; warning: look at it today; info: know it. */
export const severities = ["critical", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

export interface Condition {
  /** PromQL. Its labels are the alert's. */
  readonly expr: string;
  /** How long it must hold, like `5m`. Default: not at all */
  readonly for?: string;
}

export interface Alert {
  /** What fires it, by severity; the graver one keeps the other one quiet. */
  readonly when: Partial<Readonly<Record<Severity, Condition>>>;
  /** One line with the value, a Prometheus template. */
  readonly summary: string;
  /** What it means, plain text. */
  readonly description: string;
}

export type Alerts = Readonly<Record<string, Alert>>;

export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** One file below /etc/prometheus/rules. */
export interface Group {
  readonly alerts: Alerts;
  readonly recordings?: readonly Recording[];
}

/** What the rules need to know of the stack. */
export interface RuleSettings {
  /** The jobs that have targets of their own (`up`): the alert is that one has none any more. */
  readonly jobs: readonly Job[];
  /** Clients that one edge can serve at once: half its workers' connections, as each has one behind the edge, too. */
  readonly edgeConnections: number;
  /** Connections that Postgres allows (`max_connections`). */
  readonly postgresConnections: number;
  /** Whether the bridge is meant to reach a Mycelium node. */
  readonly bridgeUsesMycelium: boolean;
  /** Address of docs/runbooks.md. */
  readonly runbooks: string;
}

/** Labels that an aggregation keeps. */
export const target = "stack, host, service, job, instance";
