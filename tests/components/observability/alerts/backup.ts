import { flat, series, targetOf } from "./case";
import type { GroupCases } from "./case";

const repository = { ...targetOf("backup"), repository: "offsite" };
const critical = { ...repository, severity: "critical" };
const last = (time: number) => ({
  [series("hypha_backup_last_success_timestamp_seconds", repository)]: flat(time, 400),
});
const drill = (values: string) => ({ [series("hypha_restore_drill_success", repository)]: values });

export const backupCases: GroupCases<"backup"> = {
  BackupTooOld: {
    fires: [
      {
        // Never, or at the start of the tests' clock.
        series: last(0),
        interval: "5m",
        at: "26h",
        alerts: [{ labels: critical, summary: "The last good backup to offsite of web1 is 1d 2h 0m 0s old" }],
      },
    ],
    quiet: [
      { series: last(0), interval: "5m", at: "24h" },
      { series: last(3600), interval: "5m", at: "25h" },
    ],
  },
  RestoreDrillFailed: {
    fires: [
      {
        series: drill(flat(0, 60)),
        at: "10m",
        alerts: [{ labels: critical, summary: "The restore drill from offsite of web1 failed" }],
      },
    ],
    quiet: [{ series: drill(flat(1, 60)), at: "10m" }],
  },
};
