import { backupAlerts } from "./backup";
import { chatAlerts } from "./chat";
import { containerAlerts } from "./containers";
import { edgeAlerts } from "./edge";
import { hostAlerts } from "./host";
import { prometheusAlerts, targetAlerts, watchdogAlerts } from "./monitoring";
import { postgresAlerts } from "./postgres";
import { sloAlerts, sloRecordings } from "./slo";
import type { Group, RuleSettings } from "./rule";

/** Every alert there is, by the file it is in. */
export const groups = (settings: RuleSettings) =>
  ({
    backup: { alerts: backupAlerts },
    chat: { alerts: chatAlerts(settings) },
    containers: { alerts: containerAlerts },
    edge: { alerts: edgeAlerts(settings) },
    host: { alerts: hostAlerts },
    postgres: { alerts: postgresAlerts(settings) },
    prometheus: { alerts: prometheusAlerts },
    slo: { alerts: sloAlerts, recordings: sloRecordings },
    targets: { alerts: targetAlerts(settings) },
    watchdog: { alerts: watchdogAlerts },
  }) satisfies Record<string, Group>;

type Groups = ReturnType<typeof groups>;
export type GroupName = keyof Groups;
export type AlertName<G extends GroupName = GroupName> = { [K in G]: keyof Groups[K]["alerts"] }[G];
