import { target } from "./rule";
import type { Alerts, RuleSettings } from "./rule";

const postgres = 'job="postgres"';
/** Postgres' own default: kept for administrators. */
const reserved = 3;

export const postgresAlerts = ({ postgresConnections }: Pick<RuleSettings, "postgresConnections">) =>
  ({
    PostgresDown: {
      when: { critical: { expr: `pg_up{${postgres}} == 0`, for: "1m" } },
      summary: "Postgres on {{ $labels.host }} lets nobody in",
      description: "The exporter runs and cannot log in. Without Postgres nobody can write or log in.",
    },
    PostgresConnections: {
      when: {
        warning: {
          expr: `sum by (${target}) (pg_stat_activity_count{${postgres}}) / ${Math.max(1, postgresConnections - reserved)} > 0.8`,
          for: "5m",
        },
      },
      summary:
        "Postgres on {{ $labels.host }}: {{ $value | humanizePercentage }} of the connections are taken",
      description: "Beyond the limit clients are refused.",
    },
    PostgresDeadlocks: {
      when: {
        warning: {
          expr: `sum by (${target}, datname) (increase(pg_stat_database_deadlocks{${postgres}}[10m])) > 5`,
        },
      },
      summary:
        'Postgres on {{ $labels.host }}: {{ $value | printf "%.0f" }} deadlocks in {{ $labels.datname }} in ten minutes',
      description:
        "Each ended one transaction with an error. A few are nothing; many are a fault of a client.",
    },
    PostgresArchiveFailing: {
      when: {
        critical: {
          expr:
            `increase(pg_stat_archiver_failed_count{${postgres}}[10m]) > 0` +
            ` and increase(pg_stat_archiver_archived_count{${postgres}}[10m]) == 0`,
          for: "5m",
        },
      },
      summary:
        'Postgres on {{ $labels.host }}: archiving failed {{ $value | printf "%.0f" }} times in ten minutes and never worked',
      description: "Changes since the last backup cannot be restored, and the log that waits fills the disk.",
    },
    PostgresLongTransaction: {
      when: {
        warning: {
          expr: `max by (${target}, datname, state) (pg_stat_activity_max_tx_duration{${postgres}}) > 3600`,
          for: "5m",
        },
      },
      summary:
        "Postgres on {{ $labels.host }}: a transaction in {{ $labels.datname }} is open for {{ $value | humanizeDuration }} ({{ $labels.state }})",
      description: "It keeps dead rows from being cleared away, and its locks.",
    },
    PostgresExporterBlind: {
      when: { warning: { expr: `pg_exporter_last_scrape_error{${postgres}} > 0`, for: "10m" } },
      summary: "Postgres on {{ $labels.host }}: the exporter's queries fail",
      description: "Some of what is known of Postgres is missing: other alerts may be quiet for that.",
    },
    PgBouncerDown: {
      when: { critical: { expr: 'pgbouncer_up{job="pgbouncer"} == 0', for: "1m" } },
      summary: "PgBouncer on {{ $labels.host }} does not answer",
      description: "The gateway reaches Postgres through it alone.",
    },
    PgBouncerWaiting: {
      when: {
        warning: { expr: 'pgbouncer_pools_client_waiting_connections{job="pgbouncer"} > 0', for: "2m" },
      },
      summary:
        '{{ $value | printf "%.0f" }} clients wait for a connection to {{ $labels.database }} in PgBouncer on {{ $labels.host }}',
      description: "All connections of the pool were in use for two minutes.",
    },
  }) satisfies Alerts;
