import { jobs as scraped } from "../swarm/metrics";

/** The jobs of probes from outside; the others are asked where workloads say. */
const probed = ["blackbox-http", "blackbox-tls", "blackbox-tcp", "blackbox-icmp"] as const;

/** The jobs that Prometheus knows. Each target has the labels `stack`, `host`, `service`, `job`, `instance`. */
export const jobs = [...scraped, ...probed] as const;

export type Job = (typeof jobs)[number];

/** A metric's labels beside those of its target. */
export type Metrics = Readonly<Record<string, readonly string[]>>;

/**
 * What rules and dashboards count on where no packaged exporter gives it. Of PgBouncer the names are those of
 * prometheus-community's exporter; containers have cAdvisor's, with the labels that Swarm gives a container.
 */
export const ownMetrics = {
  containers: {
    container_cpu_usage_seconds_total: ["name", "container_label_com_docker_swarm_service_name"],
    container_oom_events_total: ["name", "container_label_com_docker_swarm_service_name"],
    container_memory_working_set_bytes: ["name", "container_label_com_docker_swarm_service_name"],
    /** 0: no limit. */
    container_spec_memory_limit_bytes: ["name", "container_label_com_docker_swarm_service_name"],
    /** Unix time. The name of a task is `<service>.<slot>.<id>`: a restart is a new name. */
    container_start_time_seconds: ["name", "container_label_com_docker_swarm_service_name"],
  },
  pgbouncer: {
    /** Whether its console answers: 0 or 1. */
    pgbouncer_up: [],
    pgbouncer_pools_client_active_connections: ["database", "user"],
    pgbouncer_pools_client_waiting_connections: ["database", "user"],
    /** How long the first of those that wait has waited. */
    pgbouncer_pools_client_maxwait_seconds: ["database", "user"],
    pgbouncer_pools_server_active_connections: ["database", "user"],
    pgbouncer_pools_server_idle_connections: ["database", "user"],
    pgbouncer_databases_max_connections: ["name", "database"],
  },
  bridge: {
    hypha_bridge_up: ["replica"],
    /** 0 or 1. */
    hypha_bridge_mycelium_connected: ["replica"],
    hypha_bridge_connected_servers: ["replica"],
    hypha_bridge_pending_messages: ["replica"],
    hypha_bridge_replicas: [],
  },
  mycelium: {
    hypha_mycelium_up: [],
    /** `state` as the node says it; `alive` is always there, 0 included. */
    hypha_mycelium_peers: ["state"],
  },
  backup: {
    /** Unix time of the last backup that ended well; 0: never. */
    hypha_backup_last_success_timestamp_seconds: ["repository"],
    hypha_backup_size_bytes: ["repository"],
    hypha_backup_duration_seconds: ["repository"],
    /** How the last restore drill ended: 0 or 1. */
    hypha_restore_drill_success: ["repository"],
    hypha_restore_drill_timestamp_seconds: ["repository"],
  },
  /** From the edge's access log, by mtail. */
  nginx: {
    nginx_http_response_count_total: ["status", "upstream"],
    nginx_http_response_time_seconds_bucket: ["upstream", "le"],
    nginx_http_response_time_seconds_sum: ["upstream"],
    nginx_http_response_time_seconds_count: ["upstream"],
  },
  /** Grafana's own, which are no Debian packages: named in their documentation. */
  alloy: { loki_write_dropped_entries_total: ["reason"] },
  /** From a text file beside the node exporter, as Debian's prometheus-node-exporter-collectors writes it. */
  node: { node_reboot_required: [] },
} satisfies Partial<Record<Job, Metrics>>;

/**
 * Targets of `blackbox-tls` come in pairs, told apart by the label `verified`: `yes` refuses a certificate as a client
 * would, `no` takes any (`insecure_skip_verify`). An expired certificate has no expiry metric where it is refused, so
 * only the pair tells an expired one from a port that is down.
 */
export const verified = { yes: 'verified="yes"', no: 'verified="no"' } as const;
