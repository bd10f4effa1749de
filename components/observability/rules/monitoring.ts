import type { Job } from "../contract";
import type { Alert, Alerts, RuleSettings } from "./rule";

const prometheus = 'job="prometheus"';
const alertmanager = 'job="alertmanager"';

/** Services whose own metrics these are: where they do not answer, users notice. */
const services = "synapse|bridge|mycelium";

export const watchdogAlerts = {
  Watchdog: {
    when: { info: { expr: "vector(1)" } },
    summary: "Alerts reach their receivers",
    description: "Fires always. A dead man's switch outside raises the alarm when it stops.",
  },
} satisfies Alerts;

/** The job of a target that is gone has no series to look at: absent() makes one. */
function missing(jobs: readonly Job[]): Alert {
  return {
    when: {
      critical: {
        expr: [...jobs]
          .sort()
          .map((job) => `absent(up{job="${job}"})`)
          .join(" or "),
        for: "5m",
      },
    },
    summary: "Nothing of the job {{ $labels.job }} is watched any more",
    description: "The stack has targets of this job and Prometheus has found none for five minutes.",
  };
}

export const targetAlerts = ({ jobs }: Pick<RuleSettings, "jobs">) =>
  ({
    HostDown: {
      when: { critical: { expr: 'up{job="node"} == 0', for: "2m" } },
      summary: "{{ $labels.host }} cannot be reached",
      description: "Its node exporter does not answer: the server is down, cut off, or the exporter is.",
    },
    TargetDown: {
      when: {
        warning: { expr: `up{job!~"node|${services}"} == 0`, for: "2m" },
        critical: { expr: `up{job=~"${services}"} == 0`, for: "2m" },
      },
      summary: "{{ $labels.service }} on {{ $labels.host }} gives no metrics ({{ $labels.job }})",
      description: "Its exporter or the service itself does not answer: its other alerts are blind.",
    },
    ...(jobs.length > 0 ? { JobMissing: missing(jobs) } : {}),
  }) satisfies Alerts;

export const prometheusAlerts = {
  RuleFailures: {
    when: {
      warning: {
        expr: `sum by (stack, host, instance, rule_group) (increase(prometheus_rule_evaluation_failures_total{${prometheus}}[5m])) > 0`,
        for: "5m",
      },
    },
    summary:
      '{{ $value | printf "%.0f" }} evaluations of rules failed in five minutes ({{ $labels.rule_group }})',
    description: "Alerts of these rules do not fire.",
  },
  NotificationsDropped: {
    when: {
      critical: {
        expr: `increase(prometheus_notifications_dropped_total{${prometheus}}[5m]) > 0`,
        for: "5m",
      },
    },
    summary: 'Prometheus dropped {{ $value | printf "%.0f" }} alerts in five minutes',
    description: "Alertmanager did not take them.",
  },
  AlertmanagerMissing: {
    when: {
      critical: { expr: `prometheus_notifications_alertmanagers_discovered{${prometheus}} < 1`, for: "5m" },
    },
    summary: "Prometheus knows no Alertmanager",
    description: "No alert is sent. Only the dead man's switch outside notices.",
  },
  NotificationsFailing: {
    when: {
      warning: {
        expr: `sum by (stack, host, instance, integration) (increase(alertmanager_notifications_failed_total{${alertmanager}}[10m])) > 0`,
        for: "10m",
      },
    },
    summary:
      'Alertmanager could not deliver {{ $value | printf "%.0f" }} notifications by {{ $labels.integration }} in ten minutes',
    description: "The receiver refuses them or is not reached. Other receivers may still get theirs.",
  },
  ConfigReloadFailed: {
    when: {
      critical: {
        expr: `prometheus_config_last_reload_successful{${prometheus}} == 0 or alertmanager_config_last_reload_successful{${alertmanager}} == 0`,
        for: "5m",
      },
    },
    summary: "{{ $labels.job }} refused its new configuration",
    description: "It goes on with the old one, and would not start again.",
  },
  // The log is mended on start, where the counter begins at what it found: no increase would be seen.
  WalCorruption: {
    when: { warning: { expr: `prometheus_tsdb_wal_corruptions_total{${prometheus}} > 0` } },
    summary: 'Prometheus found {{ $value | printf "%.0f" }} damaged places in its log',
    description: "It cut the log there: some minutes of metrics are lost. Fires until its next start.",
  },
  LogsLost: {
    when: {
      warning: {
        expr: 'sum by (stack, host) (increase(loki_write_dropped_entries_total{job="alloy"}[15m])) > 0',
      },
    },
    summary:
      'Alloy on {{ $labels.host }} gave up {{ $value | printf "%.0f" }} lines of logs in fifteen minutes',
    description: "Loki refused them, most often for their time.",
  },
  CompactionsFailing: {
    when: {
      warning: {
        expr: `increase(prometheus_tsdb_compactions_failed_total{${prometheus}}[3h]) > 0`,
        for: "15m",
      },
    },
    summary: 'Prometheus could not compact its data {{ $value | printf "%.0f" }} times in three hours',
    description: "Most often its disk is full.",
  },
} satisfies Alerts;
