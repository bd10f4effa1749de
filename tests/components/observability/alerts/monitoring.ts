import { flat, ramp, series, targetOf } from "./case";
import type { GroupCases } from "./case";

const prometheus = targetOf("prometheus");
const alertmanager = targetOf("alertmanager");
const alloy = targetOf("alloy");
const one = (metric: string, labels: Readonly<Record<string, string>>, values: string) => ({
  [series(metric, labels)]: values,
});

const reachable = { labels: { severity: "info" }, summary: "Alerts reach their receivers" };

export const watchdogCases: GroupCases<"watchdog"> = {
  Watchdog: {
    fires: [
      { series: {}, at: "0m", alerts: [reachable] },
      { series: {}, at: "3d", interval: "5m", alerts: [reachable] },
    ],
    quiet: "never",
  },
};

const node = targetOf("node");
const redis = targetOf("redis");
const bridge = targetOf("bridge");
const up = (labels: Readonly<Record<string, string>>, values: string) => one("up", labels, values);

export const targetCases: GroupCases<"targets"> = {
  HostDown: {
    fires: [
      {
        series: up(node, flat(0, 60)),
        at: "3m",
        alerts: [{ labels: { ...node, severity: "critical" }, summary: "web1 cannot be reached" }],
      },
    ],
    quiet: [
      { series: up(node, "1 0 1+0x60"), at: "3m" },
      { series: up(redis, flat(0, 60)), at: "10m" },
    ],
  },
  TargetDown: {
    fires: [
      {
        series: { ...up(redis, flat(0, 60)), ...up(bridge, flat(0, 60)) },
        at: "3m",
        alerts: [
          {
            labels: { ...redis, severity: "warning" },
            summary: "redis on web1 gives no metrics (redis)",
          },
          {
            labels: { ...bridge, severity: "critical" },
            summary: "bridge on web1 gives no metrics (bridge)",
          },
        ],
      },
    ],
    quiet: [
      { series: { ...up(redis, flat(1, 60)), ...up(bridge, "1 0 0 1+0x60") }, at: "3m" },
      { series: up(node, flat(0, 60)), at: "10m" },
    ],
  },
  JobMissing: {
    fires: [
      {
        series: { ...up(node, flat(1, 60)), ...up(redis, "1+0x5 stale") },
        at: "12m",
        alerts: [
          {
            labels: { job: "redis", severity: "critical" },
            summary: "Nothing of the job redis is watched any more",
          },
        ],
      },
    ],
    // Down is not missing.
    quiet: [{ series: { ...up(node, flat(1, 60)), ...up(redis, flat(0, 60)) }, at: "30m" }],
  },
};

const ruleGroup = { ...prometheus, rule_group: "/etc/prometheus/rules/host.yml;host" };
const slack = { ...alertmanager, integration: "slack" };
const aggregated = { stack: "prod", host: "web1" };

export const prometheusCases: GroupCases<"prometheus"> = {
  RuleFailures: {
    fires: [
      {
        series: one("prometheus_rule_evaluation_failures_total", ruleGroup, ramp(0, 2, 60)),
        at: "15m",
        alerts: [
          {
            labels: {
              ...aggregated,
              instance: prometheus.instance,
              rule_group: ruleGroup.rule_group,
              severity: "warning",
            },
            summary: "10 evaluations of rules failed in five minutes (/etc/prometheus/rules/host.yml;host)",
          },
        ],
      },
    ],
    quiet: [{ series: one("prometheus_rule_evaluation_failures_total", ruleGroup, flat(7, 60)), at: "15m" }],
  },
  NotificationsDropped: {
    fires: [
      {
        series: one("prometheus_notifications_dropped_total", prometheus, ramp(0, 1, 60)),
        at: "15m",
        alerts: [
          {
            labels: { ...prometheus, severity: "critical" },
            summary: "Prometheus dropped 5 alerts in five minutes",
          },
        ],
      },
    ],
    quiet: [{ series: one("prometheus_notifications_dropped_total", prometheus, flat(3, 60)), at: "15m" }],
  },
  AlertmanagerMissing: {
    fires: [
      {
        series: one("prometheus_notifications_alertmanagers_discovered", prometheus, flat(0, 60)),
        at: "6m",
        alerts: [
          { labels: { ...prometheus, severity: "critical" }, summary: "Prometheus knows no Alertmanager" },
        ],
      },
    ],
    quiet: [
      { series: one("prometheus_notifications_alertmanagers_discovered", prometheus, flat(1, 60)), at: "6m" },
    ],
  },
  NotificationsFailing: {
    fires: [
      {
        series: one("alertmanager_notifications_failed_total", slack, ramp(0, 1, 60)),
        at: "30m",
        alerts: [
          {
            labels: {
              ...aggregated,
              instance: alertmanager.instance,
              integration: "slack",
              severity: "warning",
            },
            summary: "Alertmanager could not deliver 10 notifications by slack in ten minutes",
          },
        ],
      },
    ],
    quiet: [{ series: one("alertmanager_notifications_failed_total", slack, "0+0x5 1+0x60"), at: "12m" }],
  },
  ConfigReloadFailed: {
    fires: [
      {
        series: {
          ...one("prometheus_config_last_reload_successful", prometheus, flat(0, 60)),
          ...one("alertmanager_config_last_reload_successful", alertmanager, flat(0, 60)),
        },
        at: "6m",
        alerts: [prometheus, alertmanager].map((labels) => ({
          labels: { ...labels, severity: "critical" },
          summary: `${labels.job} refused its new configuration`,
        })),
      },
    ],
    quiet: [
      {
        series: {
          ...one("prometheus_config_last_reload_successful", prometheus, flat(1, 60)),
          ...one("alertmanager_config_last_reload_successful", alertmanager, flat(1, 60)),
        },
        at: "6m",
      },
    ],
  },
  WalCorruption: {
    fires: [
      {
        // As it is after a start that mended the log.
        series: one("prometheus_tsdb_wal_corruptions_total", prometheus, flat(1, 60)),
        at: "1m",
        alerts: [
          {
            labels: { ...prometheus, severity: "warning" },
            summary: "Prometheus found 1 damaged places in its log",
          },
        ],
      },
    ],
    quiet: [{ series: one("prometheus_tsdb_wal_corruptions_total", prometheus, flat(0, 60)), at: "1m" }],
  },
  LogsLost: {
    fires: [
      {
        series: one(
          "loki_write_dropped_entries_total",
          { ...alloy, reason: "ingester_error" },
          ramp(0, 2, 60),
        ),
        at: "20m",
        alerts: [
          {
            labels: { ...aggregated, severity: "warning" },
            summary: "Alloy on web1 gave up 30 lines of logs in fifteen minutes",
          },
        ],
      },
    ],
    quiet: [{ series: one("loki_write_dropped_entries_total", alloy, flat(9, 60)), at: "20m" }],
  },
  CompactionsFailing: {
    fires: [
      {
        series: one("prometheus_tsdb_compactions_failed_total", prometheus, "0+0x30 3+0x120"),
        at: "60m",
        alerts: [
          {
            labels: { ...prometheus, severity: "warning" },
            summary: "Prometheus could not compact its data 3 times in three hours",
          },
        ],
      },
    ],
    quiet: [{ series: one("prometheus_tsdb_compactions_failed_total", prometheus, flat(3, 300)), at: "60m" }],
  },
};
