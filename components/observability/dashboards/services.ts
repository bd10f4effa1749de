import type { Dashboard } from "./panel";
import { graph, of, on, q, stack, stat } from "./query";

const pg = of("postgres");
/** Not what belongs to no database, nor the templates. */
const databases = `${pg},datname!~"|template.*"`;
const pooler = of("pgbouncer");
export const postgres: Dashboard = {
  title: "Hypha: Postgres",
  description: "Connections, work, waits, and what is kept from being cleared away.",
  perHost: false,
  panels: [
    graph(
      "Connections",
      "short",
      q(`sum by (datname, state) (pg_stat_activity_count{${databases}}) > 0`, "{{datname}} {{state}}"),
    ),
    graph(
      "Transactions",
      "ops",
      q(`sum by (datname) (rate(pg_stat_database_xact_commit{${databases}}[5m]))`, "{{datname}} done"),
      q(
        `sum by (datname) (rate(pg_stat_database_xact_rollback{${databases}}[5m]))`,
        "{{datname}} rolled back",
      ),
    ),
    graph(
      "Longest transaction",
      "s",
      q(`max by (datname) (pg_stat_activity_max_tx_duration{${databases}})`, "{{datname}}"),
    ),
    graph(
      "Found in its cache",
      "percentunit",
      q(
        `sum by (datname) (rate(pg_stat_database_blks_hit{${databases}}[5m])) / (sum by (datname) (rate(pg_stat_database_blks_hit{${databases}}[5m]) + rate(pg_stat_database_blks_read{${databases}}[5m])) > 0)`,
        "{{datname}}",
      ),
    ),
    graph(
      "Deadlocks",
      "short",
      q(`sum by (datname) (increase(pg_stat_database_deadlocks{${databases}}[10m]))`, "{{datname}}"),
    ),
    graph("Size", "bytes", q(`max by (datname) (pg_database_size_bytes{${databases}})`, "{{datname}}")),
    graph(
      "Temporary files",
      "Bps",
      q(`sum by (datname) (rate(pg_stat_database_temp_bytes{${databases}}[5m]))`, "{{datname}}"),
    ),
    graph(
      "Checkpoints in an hour",
      "short",
      q(`increase(pg_stat_bgwriter_checkpoints_timed_total{${pg}}[1h])`, "by time"),
      q(`increase(pg_stat_bgwriter_checkpoints_req_total{${pg}}[1h])`, "for space"),
    ),
    graph(
      "Archived in an hour",
      "short",
      q(`increase(pg_stat_archiver_archived_count{${pg}}[1h])`, "done"),
      q(`increase(pg_stat_archiver_failed_count{${pg}}[1h])`, "failed"),
    ),
    graph(
      "Pooler: clients",
      "short",
      q(`sum by (database) (pgbouncer_pools_client_active_connections{${pooler}})`, "{{database}} active"),
      q(`sum by (database) (pgbouncer_pools_client_waiting_connections{${pooler}})`, "{{database}} waiting"),
    ),
    graph(
      "Pooler: connections to Postgres",
      "short",
      q(`sum by (database) (pgbouncer_pools_server_active_connections{${pooler}})`, "{{database}} in use"),
      q(`sum by (database) (pgbouncer_pools_server_idle_connections{${pooler}})`, "{{database}} idle"),
      q(`max by (database) (pgbouncer_databases_max_connections{${pooler}})`, "{{database}} at most"),
    ),
    graph(
      "Pooler: longest wait",
      "s",
      q(`max by (database) (pgbouncer_pools_client_maxwait_seconds{${pooler}})`, "{{database}}"),
    ),
  ],
};

const nginx = on("nginx");
export const edge: Dashboard = {
  title: "Hypha: edge",
  description: "What visitors ask for and what they get, seen by Nginx and by probes.",
  perHost: true,
  panels: [
    graph(
      "Answers by status",
      "reqps",
      q(`sum by (status) (rate(nginx_http_response_count_total{${nginx}}[5m]))`, "{{status}}"),
    ),
    graph(
      "Requests by part",
      "reqps",
      q(`sum by (upstream) (rate(nginx_http_response_count_total{${nginx}}[5m]))`, "{{upstream}}"),
    ),
    graph(
      "Time of 99 of 100 answers",
      "s",
      q(
        `histogram_quantile(0.99, sum by (upstream, le) (rate(nginx_http_response_time_seconds_bucket{${nginx}}[5m])))`,
        "{{upstream}}",
      ),
    ),
    graph(
      "Connections",
      "short",
      q(`nginx_connections_active{${nginx}}`),
      q(`nginx_connections_waiting{${nginx}}`, "{{host}} idle"),
    ),
    graph(
      "Probes",
      "short",
      q(`probe_success{job=~"blackbox-.+",${stack},host=~"$host"}`, "{{job}} {{instance}}"),
    ),
    graph(
      "Time of a probe by phase",
      "s",
      q(`avg by (phase) (probe_http_duration_seconds{${on("blackbox-http")}})`, "{{phase}}"),
    ),
    {
      title: "Certificate ends",
      kind: "table",
      unit: "dateTimeFromNow",
      value: "ends",
      queries: [q(`min by (instance) (probe_ssl_earliest_cert_expiry{${on("blackbox-tls")}}) * 1000`, "")],
    },
  ],
};

const synapse = of("synapse");
export const chat: Dashboard = {
  title: "Hypha: chat",
  description: "Homeserver, bridge and Mycelium.",
  perHost: false,
  panels: [
    stat("Mycelium peers", `sum(hypha_mycelium_peers{${stack},state="alive"})`, {
      bad: { warning: 2, critical: 1, low: true },
    }),
    stat("Servers behind the bridge", `max(hypha_bridge_connected_servers{${stack}})`),
    stat("Waiting in the bridge", `max(hypha_bridge_pending_messages{${stack}})`, {
      bad: { warning: 10, critical: 100 },
    }),
    stat("Messages waiting for others", `sum(synapse_federation_transaction_queue_pending_pdus{${synapse}})`),
    stat("Bridge replicas", `max(hypha_bridge_replicas{${stack}})`),
    graph(
      "Requests by code",
      "reqps",
      q(`sum by (code) (rate(synapse_http_server_responses_total{${synapse}}[5m]))`, "{{code}}"),
    ),
    graph(
      "Time of 99 of 100 messages",
      "s",
      q(
        `histogram_quantile(0.99, sum by (servlet, le) (rate(synapse_http_server_response_time_seconds_bucket{${synapse},code=~"2..",servlet=~"RoomSendEventRestServlet|FederationSendServlet"}[5m])))`,
        "{{servlet}}",
      ),
    ),
    graph(
      "Events",
      "ops",
      q(`sum(rate(synapse_storage_events_persisted_events_total{${synapse}}[5m]))`, "stored"),
    ),
    graph(
      "Events behind",
      "short",
      q(
        `synapse_event_persisted_position{${synapse}} - on (stack, instance) group_right synapse_event_processing_positions{${synapse}}`,
        "{{name}}",
      ),
    ),
    graph(
      "Messages to other servers",
      "reqps",
      q(
        `sum(rate(synapse_http_matrixfederationclient_requests_total{${synapse},method="PUT"}[5m]))`,
        "tried",
      ),
      q(
        `sum by (code) (rate(synapse_http_matrixfederationclient_responses_total{${synapse},method="PUT"}[5m]))`,
        "{{code}}",
      ),
    ),
    graph("Peers by state", "short", q(`sum by (state) (hypha_mycelium_peers{${stack}})`, "{{state}}")),
  ],
};

export const backups: Dashboard = {
  title: "Hypha: backups",
  description: "How old the last good one is, how large, and whether restoring works.",
  perHost: true,
  panels: [
    graph(
      "Age",
      "s",
      q(
        `time() - hypha_backup_last_success_timestamp_seconds{${stack},host=~"$host"}`,
        "{{host}} {{repository}}",
      ),
    ),
    graph("Size", "bytes", q(`hypha_backup_size_bytes{${stack},host=~"$host"}`, "{{host}} {{repository}}")),
    graph("Took", "s", q(`hypha_backup_duration_seconds{${stack},host=~"$host"}`, "{{host}} {{repository}}")),
    stat("Last drill worked", `min(hypha_restore_drill_success{${stack},host=~"$host"})`, {
      unit: "bool_yes_no",
      none: "none yet",
      bad: { warning: 1, critical: 1, low: true },
    }),
    stat("Last drill", `min(hypha_restore_drill_timestamp_seconds{${stack},host=~"$host"}) * 1000`, {
      unit: "dateTimeFromNow",
      none: "none yet",
    }),
  ],
};
