import { ramp, series, targetOf } from "./case";
import type { Firing, GroupCases } from "./case";

const site = targetOf("blackbox-http", "site");
const synapse = targetOf("synapse", "homeserver");
const put = { ...synapse, method: "PUT", server_name: "chat.example.org" };
const send = { ...put, code: "200", servlet: "RoomSendEventRestServlet", tag: "" };

const probes = (values: string) => ({ [series("probe_success", site)]: values });
/** Messages handed on in a minute, and how many of them the others took. */
const federation = (attempts: number, taken: number | undefined, steps: number) => ({
  [series("synapse_http_matrixfederationclient_requests_total", put)]: ramp(0, attempts, steps),
  ...(taken === undefined
    ? {}
    : {
        [series("synapse_http_matrixfederationclient_responses_total", { ...put, code: "200" })]: ramp(
          0,
          taken,
          steps,
        ),
      }),
});
/** Messages in a minute, and how many of them took less than half a second. */
const messages = (count: number, quick: number, steps: number, labels: Record<string, string> = send) => ({
  [series("synapse_http_server_response_time_seconds_count", labels)]: ramp(0, count, steps),
  [series("synapse_http_server_response_time_seconds_bucket", { ...labels, le: "0.5" })]: ramp(
    0,
    quick,
    steps,
  ),
});
const fired = (service: string, severity: string, summary: string): Firing["alerts"] => [
  { labels: { stack: "prod", service, severity }, summary },
];
/** A young stack's days are as long as it is old: what burns in the last hour burns in them, too. */
const both = (service: string, summary: string): Firing["alerts"] =>
  ["critical", "warning"].flatMap((severity) => fired(service, severity, summary));
const days = { interval: "30m", at: "3d2h" } as const;
const steps = 150;

export const sloCases: GroupCases<"slo"> = {
  UptimeBudget: {
    fires: [
      {
        // Two minutes of the last hour: 14.4 times 0.1% are 1.44%.
        series: probes("1+0x200 0 0 1+0x60"),
        at: "205m",
        alerts: fired("site", "critical", "site failed 3.279% of its probes, too many for 99.9% uptime"),
      },
      {
        // One of 145 probes in three days, some hours ago.
        series: probes("1+0x143 0 1+0x20"),
        at: "75h",
        interval: "30m",
        alerts: fired("site", "warning", "site failed 0.6897% of its probes, too many for 99.9% uptime"),
      },
    ],
    quiet: [
      // It is over: the short window burns no more.
      { series: probes("1+0x200 0 0 1+0x60"), at: "212m" },
      // One probe of an hour is a container that was replaced.
      { series: probes("1+0x400 0 1+0x60"), at: "102m", interval: "15s" },
      // A site that is ten minutes old and had a bad start.
      { series: probes("0 0 1+0x60"), at: "6m" },
    ],
  },
  FederationBudget: {
    fires: [
      {
        // 10% of an hour: 14.4 times 0.5% are 7.2%.
        series: federation(20, 18, 120),
        at: "70m",
        alerts: both(
          "homeserver",
          "10% of the messages to other servers failed, too many for 99.5% delivery",
        ),
      },
      {
        // Not one was ever taken, so there is no counter of those that were.
        series: federation(20, undefined, 120),
        at: "70m",
        alerts: both(
          "homeserver",
          "100% of the messages to other servers failed, too many for 99.5% delivery",
        ),
      },
      {
        series: federation(1000, 990, steps),
        ...days,
        alerts: fired(
          "homeserver",
          "warning",
          "1% of the messages to other servers failed, too many for 99.5% delivery",
        ),
      },
    ],
    quiet: [
      { series: federation(1000, 996, steps), ...days },
      // One message in half an hour that failed is too few to tell.
      { series: federation(0.03, 0, 120), at: "70m" },
    ],
  },
  LatencyBudget: {
    fires: [
      {
        series: messages(20, 16, 120),
        at: "70m",
        alerts: both("homeserver", "20% of the messages took longer than 500 ms, too many for 99% within it"),
      },
      {
        series: messages(1000, 980, steps),
        ...days,
        alerts: fired(
          "homeserver",
          "warning",
          "2% of the messages took longer than 500 ms, too many for 99% within it",
        ),
      },
    ],
    quiet: [
      { series: messages(1000, 992, steps), ...days },
      // Synapse answers 429 half a second late, and a sync waits for news.
      {
        series: {
          ...messages(1000, 1000, 120),
          ...messages(1000, 0, 120, { ...send, code: "429" }),
          ...messages(1000, 0, 120, { ...send, servlet: "SyncRestServlet" }),
        },
        at: "70m",
      },
    ],
  },
};
