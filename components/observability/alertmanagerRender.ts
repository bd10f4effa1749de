import { stringify } from "yaml";
import type { Alerts, Receiver } from "../config/alerts";
import { severities } from "./rules/rule";

/** The value of an environment variable that the configuration names. */
export type Reveal = (variable: string) => string;

const title =
  '{{ if eq .Status "firing" }}{{ .Alerts.Firing | len }} × {{ else }}resolved: {{ end }}{{ .GroupLabels.alertname }} ({{ .CommonLabels.stack }})';
/** One line for each alert: what it says, and where to read what to do. */
const lines =
  "{{ range .Alerts }}{{ .Labels.severity }}: {{ .Annotations.summary }}\n{{ .Annotations.runbook_url }}\n{{ end }}";

function integration(receiver: Receiver, reveal: Reveal): object {
  switch (receiver.kind) {
    case "mail":
      return {
        email_configs: receiver.to.map((to) => ({
          to,
          from: receiver.from,
          smarthost: receiver.smarthost,
          ...(receiver.user === undefined || receiver.passwordEnv === undefined
            ? {}
            : { auth_username: receiver.user, auth_password: reveal(receiver.passwordEnv) }),
          send_resolved: true,
          headers: { Subject: title },
          text: lines,
          html: "",
        })),
      };
    case "slack":
      return {
        slack_configs: [
          {
            api_url: reveal(receiver.urlEnv),
            ...(receiver.channel === undefined ? {} : { channel: receiver.channel }),
            send_resolved: true,
            title,
            text: lines,
          },
        ],
      };
    case "discord":
      return {
        discord_configs: [
          { webhook_url: reveal(receiver.urlEnv), send_resolved: true, title, message: lines },
        ],
      };
    case "webhook":
      return { webhook_configs: [{ url: reveal(receiver.urlEnv), send_resolved: true }] };
  }
}

/** A receiver gets what it asked for; what is critical is told again sooner. */
function routes(name: string, receiver: Receiver, repeatHours: Alerts["repeatHours"]): object[] {
  const route = (wanted: readonly string[], hours: number) =>
    wanted.length === 0
      ? []
      : [
          {
            receiver: name,
            matchers: [`severity=~"${wanted.join("|")}"`],
            repeat_interval: `${hours}h`,
            continue: true,
          },
        ];
  const wanted = severities.filter((severity) => receiver.severities.includes(severity));
  return [
    ...route(
      wanted.filter((severity) => severity === "critical"),
      repeatHours.critical,
    ),
    ...route(
      wanted.filter((severity) => severity !== "critical"),
      repeatHours.other,
    ),
  ];
}

/** The dead man's switch: a sign of life again and again, and never what it says when it resolves. */
function watchdogRoute({ watchdog }: Alerts): object {
  return {
    receiver: watchdog === undefined ? "nobody" : "watchdog",
    matchers: ['alertname="Watchdog"'],
    group_wait: "0s",
    group_interval: "1m",
    repeat_interval: `${watchdog?.everyMinutes ?? 60}m`,
  };
}

/** What an alert says already is not said again by what follows from it. */
const inhibitions = [
  // The graver one of the same alert.
  {
    source_matchers: ['severity="critical"'],
    target_matchers: ['severity=~"warning|info"'],
    equal: ["stack", "alertname", "host", "instance", "service", "device", "mountpoint", "name"],
  },
  // All that is on a host that is gone.
  {
    source_matchers: ['alertname="HostDown"'],
    target_matchers: ['alertname!~"HostDown|Watchdog"'],
    equal: ["stack", "host"],
  },
  // What is said of a target that says nothing more.
  {
    source_matchers: ['alertname="TargetDown"'],
    target_matchers: ['alertname!~"TargetDown|HostDown|Watchdog"'],
    equal: ["stack", "host", "instance"],
  },
  // Without Postgres the homeserver and the gateway answer with errors.
  {
    source_matchers: ['alertname="PostgresDown"'],
    target_matchers: ['alertname=~"HomeserverErrors|HomeserverLag|EdgeErrors|EdgeSlow|LatencyBudget"'],
    equal: ["stack"],
  },
];

/**
 * alertmanager.yml. It holds the receivers' secrets: Alertmanager 0.25 reads a webhook's address from no file. So the
 * whole file is a secret of the swarm.
 */
export function renderAlertmanagerYml(alerts: Alerts, reveal: Reveal): string {
  const receivers = Object.entries(alerts.receivers).sort(([a], [b]) => (a < b ? -1 : 1));
  const { watchdog } = alerts;
  return stringify(
    {
      route: {
        receiver: "nobody",
        group_by: ["stack", "alertname"],
        group_wait: "30s",
        // More of the same alert, and that it is over, are told within two minutes.
        group_interval: "2m",
        repeat_interval: `${alerts.repeatHours.other}h`,
        routes: [
          watchdogRoute(alerts),
          ...receivers.flatMap(([name, receiver]) => routes(name, receiver, alerts.repeatHours)),
        ],
      },
      inhibit_rules: inhibitions,
      receivers: [
        { name: "nobody" },
        ...(watchdog === undefined
          ? []
          : [
              { name: "watchdog", webhook_configs: [{ url: reveal(watchdog.urlEnv), send_resolved: false }] },
            ]),
        ...receivers.map(([name, receiver]) => ({ name, ...integration(receiver, reveal) })),
      ],
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
