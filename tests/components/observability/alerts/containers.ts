import { flat, series, targetOf } from "./case";
import type { GroupCases } from "./case";

const target = targetOf("containers");
const task = (slot: string, id: string) => ({
  ...target,
  name: `hypha-prod-${slot}.${id}`,
  container_label_com_docker_swarm_service_name: "hypha-prod-bridge",
});
/** Containers of one slot that live four minutes each, from the fifth minute on; their start is in Unix time. */
const starts = (count: number, slot: (index: number) => string) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      series("container_start_time_seconds", task(slot(index), `id${index}`)),
      `_x${5 + 4 * index} ${flat(60 * (5 + 4 * index), 3)} stale`,
    ]),
  );
const memory = (used: number, limit: number) => ({
  [series("container_memory_working_set_bytes", task("bridge.1", "a"))]: flat(used, 60),
  [series("container_spec_memory_limit_bytes", task("bridge.1", "a"))]: flat(limit, 60),
});

export const containerCases: GroupCases<"containers"> = {
  ContainerRestarts: {
    fires: [
      {
        series: starts(5, () => "bridge.1"),
        at: "26m",
        alerts: [
          {
            labels: {
              stack: "prod",
              host: "web1",
              instance: target.instance,
              task: "hypha-prod-bridge.1",
              severity: "warning",
            },
            summary: "hypha-prod-bridge.1 on web1 was started 5 times in half an hour",
          },
        ],
      },
    ],
    quiet: [
      // A release, its roll-back and another try.
      { series: starts(3, () => "bridge.1"), at: "26m" },
      // As many, of several replicas.
      { series: starts(5, (index) => `bridge.${index}`), at: "26m" },
      // Half an hour later nothing is left of it.
      { series: starts(5, () => "bridge.1"), at: "56m" },
    ],
  },
  ContainerMemory: {
    fires: [
      {
        series: memory(95, 100),
        at: "15m",
        alerts: [
          {
            labels: {
              stack: "prod",
              host: "web1",
              instance: target.instance,
              name: "hypha-prod-bridge.1.a",
              severity: "warning",
            },
            summary: "hypha-prod-bridge.1.a on web1 uses 95% of its memory limit",
          },
        ],
      },
    ],
    // 0 is no limit.
    quiet: [
      { series: memory(85, 100), at: "30m" },
      { series: memory(95, 0), at: "30m" },
    ],
  },
  ContainerOomKill: {
    fires: [
      {
        series: { [series("container_oom_events_total", task("bridge.1", "a"))]: "0+0x5 1+0x30" },
        at: "9m",
        alerts: [
          {
            labels: { ...task("bridge.1", "a"), severity: "warning" },
            summary: "hypha-prod-bridge.1.a on web1 went over its memory limit 1 times",
          },
        ],
      },
    ],
    quiet: [
      { series: { [series("container_oom_events_total", task("bridge.1", "a"))]: flat(3, 30) }, at: "20m" },
    ],
  },
};
