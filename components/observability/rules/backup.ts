import type { Alerts } from "./rule";

export const backupAlerts = {
  BackupTooOld: {
    when: {
      critical: { expr: `time() - hypha_backup_last_success_timestamp_seconds > ${25 * 3600}` },
    },
    summary:
      "The last good backup to {{ $labels.repository }} of {{ $labels.host }} is {{ $value | humanizeDuration }} old",
    description: "Backups are made each day. What is newer than the last one is lost with the disk.",
  },
  RestoreDrillFailed: {
    when: { critical: { expr: "hypha_restore_drill_success == 0" } },
    summary: "The restore drill from {{ $labels.repository }} of {{ $labels.host }} failed",
    description: "The backups that are there may be of no use.",
  },
} satisfies Alerts;
