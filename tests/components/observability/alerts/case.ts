import type { Job } from "../../../../components/observability/contract";
import type { AlertName, GroupName } from "../../../../components/observability/rules/groups";

/** Series in promtool's notation, one value a minute unless `interval` says otherwise, looked at after `at`. */
export interface Case {
  series: Readonly<Record<string, string>>;
  at: string;
  interval?: string;
}

/** What fires then: its labels, `severity` included and `alertname` not, and its summary as a receiver gets it. */
export interface Firing extends Case {
  alerts: readonly { labels: Readonly<Record<string, string>>; summary: string }[];
}

/** Each alert is seen to fire, and to stay quiet where it is close to. */
export interface Cases {
  fires: readonly [Firing, ...Firing[]];
  /** `never` is for the dead man's switch alone. */
  quiet: readonly [Case, ...Case[]] | "never";
}

/** TypeScript refuses a group that has an alert without cases. */
export type GroupCases<G extends GroupName> = Readonly<Record<AlertName<G>, Cases>>;

/** The labels of a target of the job. */
export const targetOf = (job: Job, service: string = job) => ({
  stack: "prod",
  host: "web1",
  service,
  job,
  instance: `web1-${service}`,
});

export const series = (metric: string, labels: Readonly<Record<string, string>>) =>
  `${metric}{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}}`;

/** The same value for so many steps. */
export const flat = (value: number, steps: number) => `${value}+0x${steps}`;

/** A value that changes by as much with each step. */
export const ramp = (start: number, step: number, steps: number) =>
  `${start}${step < 0 ? "" : "+"}${step}x${steps}`;
