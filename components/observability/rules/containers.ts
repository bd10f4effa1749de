import type { Alerts } from "./rule";

const service = "container_label_com_docker_swarm_service_name";
const task = `job="containers",${service}!=""`;

/**
 * Swarm does not restart a container, it starts another one: those of one place (`<service>.<slot>`, their name without
 * its last part) that began within half an hour. A release is one, its roll-back a second.
 */
const starts = `count by (stack, host, instance, task) (label_replace(
  last_over_time(container_start_time_seconds{${task}}[30m]) > time() - 1800, "task", "$1", "name", "(.+)[.][^.]+"
))`;

const used = `container_memory_working_set_bytes{${task}} / (container_spec_memory_limit_bytes{${task}} > 0)`;

export const containerAlerts = {
  ContainerRestarts: {
    when: { warning: { expr: `${starts} > 3` } },
    summary:
      '{{ $labels.task }} on {{ $labels.host }} was started {{ $value | printf "%.0f" }} times in half an hour',
    description: "It ends or fails its health check, and Swarm starts it again and again.",
  },
  ContainerMemory: {
    when: { warning: { expr: `max by (stack, host, instance, name) (${used}) > 0.9`, for: "10m" } },
    summary:
      "{{ $labels.name }} on {{ $labels.host }} uses {{ $value | humanizePercentage }} of its memory limit",
    description: "Page cache that can be dropped is not counted. Over the limit the kernel kills it.",
  },
  ContainerOomKill: {
    when: {
      warning: { expr: `increase(container_oom_events_total{${task}}[10m]) > 0` },
    },
    summary:
      '{{ $labels.name }} on {{ $labels.host }} went over its memory limit {{ $value | printf "%.0f" }} times',
    description: "The kernel killed a process in it; Swarm starts another container if that ended it.",
  },
} satisfies Alerts;
