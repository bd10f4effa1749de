import { flat, ramp, series, targetOf } from "./case";
import type { GroupCases } from "./case";

const node = targetOf("node");
const root = { ...node, device: "/dev/vda1", fstype: "ext4", mountpoint: "/" };
const GiB = 1024 ** 3;

const disk = (available: string, { labels = root, readonly = 0 } = {}) => ({
  [series("node_filesystem_avail_bytes", labels)]: available,
  [series("node_filesystem_size_bytes", labels)]: flat(100 * GiB, 600),
  [series("node_filesystem_readonly", labels)]: flat(readonly, 600),
});
const files = (free: number) => ({
  [series("node_filesystem_files_free", root)]: flat(free, 60),
  [series("node_filesystem_files", root)]: flat(1000, 60),
  [series("node_filesystem_readonly", root)]: flat(0, 60),
});
const memory = (available: number) => ({
  [series("node_memory_MemAvailable_bytes", node)]: flat(available * GiB, 60),
  [series("node_memory_MemTotal_bytes", node)]: flat(100 * GiB, 60),
});
/** Two CPUs: seconds in a minute that each spends in a mode. */
const cpus = (mode: string, first: number, second: number) =>
  Object.fromEntries(
    [first, second].map((seconds, cpu) => [
      series("node_cpu_seconds_total", { ...node, cpu: String(cpu), mode }),
      ramp(0, seconds, 60),
    ]),
  );
const one = (metric: string, value: string, labels: Readonly<Record<string, string>> = node) => ({
  [series(metric, labels)]: value,
});
const mycelium = { ...node, file: "/var/lib/hypha/metrics/mycelium/mycelium.prom" };
const warning = { ...node, severity: "warning" };

export const hostCases: GroupCases<"host"> = {
  DiskLow: {
    fires: [
      {
        series: disk(flat(8 * GiB, 60)),
        at: "10m",
        alerts: [{ labels: { ...root, severity: "warning" }, summary: "web1: 8% of / is free" }],
      },
      {
        series: disk(flat(4 * GiB, 60)),
        at: "10m",
        alerts: ["warning", "critical"].map((severity) => ({
          labels: { ...root, severity },
          summary: "web1: 4% of / is free",
        })),
      },
    ],
    quiet: [
      { series: disk(flat(11 * GiB, 60)), at: "30m" },
      { series: disk(flat(8 * GiB, 60)), at: "4m" },
      { series: disk(flat(0, 60), { readonly: 1 }), at: "30m" },
      { series: disk(flat(0, 60), { labels: { ...root, fstype: "tmpfs" } }), at: "30m" },
    ],
  },
  DiskFilling: {
    fires: [
      {
        // 2 GiB an hour, 28 GiB left after 6 hours: full in 14.
        series: disk(ramp(40 * GiB, -GiB / 30, 600)),
        at: "6h",
        alerts: [
          {
            labels: { ...root, severity: "warning" },
            summary: "web1: / is full within a day at this rate, 28% is free",
          },
        ],
      },
    ],
    quiet: [
      // 1 GiB an hour, 32 GiB left: 32 hours.
      { series: disk(ramp(38 * GiB, -GiB / 60, 600)), at: "6h" },
      // Quick, from plenty.
      { series: disk(ramp(90 * GiB, -GiB / 15, 600)), at: "6h" },
    ],
  },
  InodesLow: {
    fires: [
      {
        series: files(80),
        at: "10m",
        alerts: [
          { labels: { ...root, severity: "warning" }, summary: "web1: 8% of the inodes of / are free" },
        ],
      },
      {
        series: files(20),
        at: "10m",
        alerts: ["warning", "critical"].map((severity) => ({
          labels: { ...root, severity },
          summary: "web1: 2% of the inodes of / are free",
        })),
      },
    ],
    quiet: [
      { series: files(110), at: "30m" },
      // btrfs counts none.
      {
        series: {
          ...files(0),
          [series("node_filesystem_files", root)]: flat(0, 60),
        },
        at: "30m",
      },
    ],
  },
  MemoryLow: {
    fires: [
      {
        series: memory(9),
        at: "10m",
        alerts: [{ labels: warning, summary: "web1: 9% of the memory is available" }],
      },
    ],
    quiet: [{ series: memory(11), at: "30m" }],
  },
  OomKill: {
    fires: [
      {
        series: one("node_vmstat_oom_kill", "3 3 3 3 3 5+0x60"),
        at: "9m",
        alerts: [{ labels: warning, summary: "web1: the kernel killed 2 processes for memory" }],
      },
    ],
    quiet: [{ series: one("node_vmstat_oom_kill", flat(3, 60)), at: "20m" }],
  },
  CpuBusy: {
    fires: [
      {
        series: cpus("idle", 6, 6),
        at: "20m",
        alerts: [{ labels: warning, summary: "web1: the CPUs are 90% busy" }],
      },
    ],
    // One of two is all that is busy; or both are, for five minutes.
    quiet: [
      { series: cpus("idle", 0, 60), at: "40m" },
      { series: cpus("idle", 6, 6), at: "9m" },
    ],
  },
  CpuSteal: {
    fires: [
      {
        series: cpus("steal", 12, 12),
        at: "20m",
        alerts: [{ labels: warning, summary: "web1: 20% of the CPU time goes to other machines" }],
      },
    ],
    quiet: [{ series: cpus("steal", 3, 3), at: "40m" }],
  },
  UnitFailed: {
    fires: [
      {
        series: one("node_systemd_unit_state", flat(1, 60), {
          ...node,
          name: "mycelium.service",
          state: "failed",
          type: "simple",
        }),
        at: "10m",
        alerts: [
          {
            labels: { ...warning, name: "mycelium.service", state: "failed", type: "simple" },
            summary: "web1: mycelium.service failed",
          },
        ],
      },
    ],
    quiet: [
      {
        series: {
          ...one("node_systemd_unit_state", flat(0, 60), { ...node, name: "a.service", state: "failed" }),
          ...one("node_systemd_unit_state", flat(1, 60), { ...node, name: "a.service", state: "active" }),
        },
        at: "10m",
      },
    ],
  },
  ClockSkew: {
    fires: [
      {
        series: one("node_timex_offset_seconds", flat(-0.06, 60)),
        at: "15m",
        alerts: [{ labels: warning, summary: "web1: the clock is 60ms off" }],
      },
    ],
    quiet: [{ series: one("node_timex_offset_seconds", flat(-0.04, 60)), at: "30m" }],
  },
  ClockUnsynchronised: {
    fires: [
      {
        series: {
          ...one("node_timex_maxerror_seconds", flat(16, 60)),
          ...one("node_timex_sync_status", flat(0, 60)),
        },
        at: "20m",
        alerts: [{ labels: warning, summary: "web1: no time server is heard, the clock may be 16s off" }],
      },
    ],
    quiet: [
      {
        series: {
          ...one("node_timex_maxerror_seconds", flat(16, 60)),
          ...one("node_timex_sync_status", "0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0"),
        },
        at: "20m",
      },
      {
        series: {
          ...one("node_timex_maxerror_seconds", flat(0.2, 60)),
          ...one("node_timex_sync_status", flat(0, 60)),
        },
        at: "20m",
      },
    ],
  },
  RebootRequired: {
    fires: [
      {
        series: one("node_reboot_required", flat(1, 400)),
        interval: "5m",
        at: "28h",
        alerts: [{ labels: warning, summary: "web1: a reboot is due since more than a day" }],
      },
    ],
    quiet: [{ series: one("node_reboot_required", flat(1, 400)), interval: "5m", at: "25h" }],
  },
  TextfileUnreadable: {
    fires: [
      {
        series: one("node_textfile_scrape_error", flat(1, 60)),
        at: "10m",
        alerts: [{ labels: warning, summary: "web1: a text file with metrics cannot be read" }],
      },
    ],
    quiet: [{ series: one("node_textfile_scrape_error", flat(0, 60)), at: "10m" }],
  },
  TextfileStale: {
    fires: [
      {
        // The tests' clock starts at 0.
        series: one("node_textfile_mtime_seconds", flat(60, 60), mycelium),
        at: "15m",
        alerts: [
          {
            labels: { ...mycelium, severity: "warning" },
            summary: "web1: /var/lib/hypha/metrics/mycelium/mycelium.prom is 14m 0s old",
          },
        ],
      },
    ],
    quiet: [
      { series: one("node_textfile_mtime_seconds", ramp(0, 60, 60), mycelium), at: "30m" },
      {
        series: one("node_textfile_mtime_seconds", flat(60, 60), { ...node, file: "/x/backup.prom" }),
        at: "30m",
      },
    ],
  },
};
