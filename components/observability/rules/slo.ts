import type { Alerts, Condition, Recording } from "./rule";

/** The objectives of the production guide's success metrics. */
export const objectives = { uptime: 0.999, federation: 0.995, latency: 0.99 } as const;
export type Objective = keyof typeof objectives;

const windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] as const;
type Window = (typeof windows)[number];

const by = "sum by (stack, service)";
/** Fewer requests than this in a window make no ratio: one failed message at night is no outage. */
const enough = 5;

/** Of all attempts, the share that did not end well; a counter that does not exist yet is 0. */
const share = (good: string, attempts: string) =>
  `1 - (${good} or 0 * ${attempts}) / (${attempts} > ${enough})`;

const federated = (window: Window, good: boolean) =>
  good
    ? `${by} (increase(synapse_http_matrixfederationclient_responses_total{job="synapse",method="PUT",code=~"2.."}[${window}]))`
    : `${by} (increase(synapse_http_matrixfederationclient_requests_total{job="synapse",method="PUT"}[${window}]))`;

/** A message sent here, or messages taken from another server. Synapse answers 429 late on purpose. */
const messages = 'job="synapse",code=~"2..",servlet=~"RoomSendEventRestServlet|FederationSendServlet"';
const answered = (window: Window, series: string) =>
  `${by} (increase(synapse_http_server_response_time_seconds_${series}[${window}]))`;

const probes = 'probe_success{job="blackbox-http"}';

const errorRatio: Record<Objective, (window: Window) => string> = {
  // A window that began before the first probe tells nothing: one failure in ten minutes is no tenth of an hour.
  uptime: (window) =>
    `1 - avg by (stack, service) (avg_over_time(${probes}[${window}]) and ${probes} offset ${window})`,
  federation: (window) => share(federated(window, true), federated(window, false)),
  latency: (window) =>
    share(answered(window, `bucket{${messages},le="0.5"}`), answered(window, `count{${messages}}`)),
};

/** The name of a recorded ratio. */
export const recorded = (objective: Objective, window: Window) => `slo:${objective}_errors:ratio_${window}`;

export const sloRecordings: readonly Recording[] = (Object.keys(errorRatio) as Objective[]).flatMap(
  (objective) =>
    windows.map((window) => ({
      record: recorded(objective, window),
      expr: errorRatio[objective](window),
    })),
);

/** Both the long and the short window burn: it is serious, and it is going on. */
function burning(objective: Objective, rate: number, long: Window, short: Window): string {
  const limit = Number((rate * (1 - objectives[objective])).toFixed(6));
  return `(${recorded(objective, long)} > ${limit} and ${recorded(objective, short)} > ${limit})`;
}

/**
 * Multi-window burn rates, as the Site Reliability Workbook has them ("Alerting on SLOs"): of a month's budget, 2% in an
 * hour or 5% in six is critical; 10% in a day or in three a warning.
 */
function burn(objective: Objective): { critical: Condition; warning: Condition } {
  return {
    critical: {
      expr: `${burning(objective, 14.4, "1h", "5m")} or ${burning(objective, 6, "6h", "30m")}`,
      for: "2m",
    },
    warning: {
      expr: `${burning(objective, 3, "1d", "2h")} or ${burning(objective, 1, "3d", "6h")}`,
      for: "15m",
    },
  };
}

export const sloAlerts = {
  UptimeBudget: {
    when: burn("uptime"),
    summary:
      "{{ $labels.service }} failed {{ $value | humanizePercentage }} of its probes, too many for 99.9% uptime",
    description: "At this rate the month's 43 minutes of failure are used up before it ends.",
  },
  FederationBudget: {
    when: burn("federation"),
    summary:
      "{{ $value | humanizePercentage }} of the messages to other servers failed, too many for 99.5% delivery",
    description: "Attempts of the homeserver to hand messages on, tries after a failure included.",
  },
  LatencyBudget: {
    when: burn("latency"),
    summary:
      "{{ $value | humanizePercentage }} of the messages took longer than 500 ms, too many for 99% within it",
    description: "Time in the homeserver for messages sent here and messages taken from other servers.",
  },
} satisfies Alerts;
