import { target } from "./rule";
import type { Alerts } from "./rule";

const node = 'job="node"';
/** File systems that live in memory or are full by design. */
const disk = `${node},fstype!~"tmpfs|devtmpfs|ramfs|squashfs|iso9660|erofs"`;
const writable = `node_filesystem_readonly{${disk}} == 0`;
const left = `node_filesystem_avail_bytes{${disk}} / node_filesystem_size_bytes{${disk}}`;
const filesLeft = `node_filesystem_files_free{${disk}} / node_filesystem_files{${disk}}`;

const cpu = (mode: string) => `avg by (${target}) (rate(node_cpu_seconds_total{${node},mode="${mode}"}[5m]))`;

export const hostAlerts = {
  DiskLow: {
    when: {
      warning: { expr: `${left} < 0.1 and ${writable}`, for: "5m" },
      critical: { expr: `${left} < 0.05 and ${writable}`, for: "1m" },
    },
    summary: "{{ $labels.host }}: {{ $value | humanizePercentage }} of {{ $labels.mountpoint }} is free",
    description: "A full disk stops Postgres, images that come with a release, and logs.",
  },
  DiskFilling: {
    when: {
      warning: {
        expr: `${left} < 0.4 and predict_linear(node_filesystem_avail_bytes{${disk}}[6h], 24 * 3600) < 0 and ${writable}`,
        for: "1h",
      },
    },
    summary:
      "{{ $labels.host }}: {{ $labels.mountpoint }} is full within a day at this rate, {{ $value | humanizePercentage }} is free",
    description: "What was written in the last 6 hours, carried on for 24 more, leaves nothing.",
  },
  InodesLow: {
    when: {
      warning: { expr: `${filesLeft} < 0.1 and ${writable}`, for: "5m" },
      critical: { expr: `${filesLeft} < 0.03 and ${writable}`, for: "5m" },
    },
    summary:
      "{{ $labels.host }}: {{ $value | humanizePercentage }} of the inodes of {{ $labels.mountpoint }} are free",
    description: "Without inodes no file can be made, however much space is left.",
  },
  MemoryLow: {
    when: {
      warning: {
        expr: `node_memory_MemAvailable_bytes{${node}} / node_memory_MemTotal_bytes{${node}} < 0.1`,
        for: "5m",
      },
    },
    summary: "{{ $labels.host }}: {{ $value | humanizePercentage }} of the memory is available",
    description: "Caches that can be dropped count as available. The kernel kills next.",
  },
  OomKill: {
    when: { warning: { expr: `increase(node_vmstat_oom_kill{${node}}[10m]) > 0` } },
    summary: '{{ $labels.host }}: the kernel killed {{ $value | printf "%.0f" }} processes for memory',
    description: "On the host or within the memory limit of a container.",
  },
  CpuBusy: {
    when: { warning: { expr: `1 - ${cpu("idle")} > 0.8`, for: "10m" } },
    summary: "{{ $labels.host }}: the CPUs are {{ $value | humanizePercentage }} busy",
    description: "All CPUs on average, for ten minutes.",
  },
  CpuSteal: {
    when: { warning: { expr: `${cpu("steal")} > 0.1`, for: "10m" } },
    summary: "{{ $labels.host }}: {{ $value | humanizePercentage }} of the CPU time goes to other machines",
    description: "The provider's host is overbooked: nothing on this server can mend it.",
  },
  UnitFailed: {
    when: { warning: { expr: `node_systemd_unit_state{${node},state="failed"} == 1`, for: "5m" } },
    summary: "{{ $labels.host }}: {{ $labels.name }} failed",
    description: "A service or timer of the server ended badly, and systemd gave up on it.",
  },
  ClockSkew: {
    when: { warning: { expr: `abs(node_timex_offset_seconds{${node}}) > 0.05`, for: "10m" } },
    summary: "{{ $labels.host }}: the clock is {{ $value | humanizeDuration }} off",
    description: "Certificates, tokens and the order of messages depend on clocks.",
  },
  ClockUnsynchronised: {
    when: {
      warning: {
        expr: `node_timex_maxerror_seconds{${node}} >= 16 and max_over_time(node_timex_sync_status{${node}}[5m]) == 0`,
        for: "10m",
      },
    },
    summary:
      "{{ $labels.host }}: no time server is heard, the clock may be {{ $value | humanizeDuration }} off",
    description: "The kernel counts the clock's possible error up until a time server is heard again.",
  },
  RebootRequired: {
    when: { warning: { expr: `node_reboot_required{${node}} > 0`, for: "26h" } },
    summary: "{{ $labels.host }}: a reboot is due since more than a day",
    description: "An upgrade is installed and not in use; the nightly reboot did not come.",
  },
  TextfileUnreadable: {
    when: { warning: { expr: `node_textfile_scrape_error{${node}} > 0`, for: "5m" } },
    summary: "{{ $labels.host }}: a text file with metrics cannot be read",
    description: "What it tells (a reboot that is due, for one) is not seen.",
  },
  TextfileStale: {
    when: {
      warning: {
        expr: `time() - node_textfile_mtime_seconds{${node},file=~".*/mycelium[.]prom"} > 300`,
        for: "5m",
      },
    },
    summary: "{{ $labels.host }}: {{ $labels.file }} is {{ $value | humanizeDuration }} old",
    description: "Whatever writes it has stopped: what it says of the Mycelium node is of that time.",
  },
} satisfies Alerts;
