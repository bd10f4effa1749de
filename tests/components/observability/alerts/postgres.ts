import { flat, ramp, series, targetOf } from "./case";
import type { GroupCases } from "./case";

const postgres = targetOf("postgres");
const pooler = targetOf("pgbouncer", "pooler-exporter");
const exported = { ...postgres, server: "/run/postgresql:5432" };
const critical = { ...postgres, severity: "critical" };

const connections = (count: number) => ({
  [series("pg_stat_activity_count", { ...exported, datname: "synapse", state: "idle" })]: flat(count, 60),
  [series("pg_stat_activity_count", { ...exported, datname: "synapse", state: "active" })]: flat(5, 60),
});
const archiver = (failed: string, archived: string) => ({
  [series("pg_stat_archiver_failed_count", exported)]: failed,
  [series("pg_stat_archiver_archived_count", exported)]: archived,
});
const transaction = { ...exported, datname: "synapse", state: "idle in transaction" };
const pool = { ...pooler, database: "mycelium_matrix", user: "mycelium_user" };

export const postgresCases: GroupCases<"postgres"> = {
  PostgresDown: {
    fires: [
      {
        series: { [series("pg_up", postgres)]: flat(0, 60) },
        at: "3m",
        alerts: [{ labels: critical, summary: "Postgres on web1 lets nobody in" }],
      },
    ],
    quiet: [{ series: { [series("pg_up", postgres)]: "1 0 1+0x60" }, at: "3m" }],
  },
  PostgresConnections: {
    fires: [
      {
        series: connections(80),
        at: "10m",
        alerts: [
          {
            labels: { ...postgres, severity: "warning" },
            summary: "Postgres on web1: 85% of the connections are taken",
          },
        ],
      },
    ],
    quiet: [{ series: connections(74), at: "10m" }],
  },
  PostgresDeadlocks: {
    fires: [
      {
        series: {
          [series("pg_stat_database_deadlocks", { ...exported, datid: "1", datname: "synapse" })]: ramp(
            0,
            1,
            60,
          ),
        },
        at: "20m",
        alerts: [
          {
            labels: { ...postgres, datname: "synapse", severity: "warning" },
            summary: "Postgres on web1: 10 deadlocks in synapse in ten minutes",
          },
        ],
      },
    ],
    quiet: [
      {
        series: {
          [series("pg_stat_database_deadlocks", { ...exported, datid: "1", datname: "synapse" })]:
            "0+0x10 3+0x60",
        },
        at: "15m",
      },
    ],
  },
  PostgresArchiveFailing: {
    fires: [
      {
        series: archiver(ramp(7, 1, 60), flat(40, 60)),
        at: "20m",
        alerts: [
          {
            labels: { ...exported, severity: "critical" },
            summary: "Postgres on web1: archiving failed 10 times in ten minutes and never worked",
          },
        ],
      },
    ],
    quiet: [
      { series: archiver(flat(7, 60), flat(40, 60)), at: "30m" },
      { series: archiver(ramp(7, 1, 60), ramp(40, 1, 60)), at: "30m" },
    ],
  },
  PostgresLongTransaction: {
    fires: [
      {
        series: { [series("pg_stat_activity_max_tx_duration", transaction)]: ramp(3600, 60, 60) },
        at: "10m",
        alerts: [
          {
            labels: {
              ...postgres,
              datname: "synapse",
              state: "idle in transaction",
              severity: "warning",
            },
            summary: "Postgres on web1: a transaction in synapse is open for 1h 10m 0s (idle in transaction)",
          },
        ],
      },
    ],
    quiet: [
      { series: { [series("pg_stat_activity_max_tx_duration", transaction)]: ramp(0, 60, 60) }, at: "55m" },
    ],
  },
  PostgresExporterBlind: {
    fires: [
      {
        series: { [series("pg_exporter_last_scrape_error", postgres)]: flat(1, 60) },
        at: "15m",
        alerts: [
          {
            labels: { ...postgres, severity: "warning" },
            summary: "Postgres on web1: the exporter's queries fail",
          },
        ],
      },
    ],
    quiet: [{ series: { [series("pg_exporter_last_scrape_error", postgres)]: "1+0x5 0+0x60" }, at: "15m" }],
  },
  PgBouncerDown: {
    fires: [
      {
        series: { [series("pgbouncer_up", pooler)]: flat(0, 60) },
        at: "3m",
        alerts: [
          {
            labels: { ...pooler, severity: "critical" },
            summary: "PgBouncer on web1 does not answer",
          },
        ],
      },
    ],
    quiet: [{ series: { [series("pgbouncer_up", pooler)]: flat(1, 60) }, at: "3m" }],
  },
  PgBouncerWaiting: {
    fires: [
      {
        series: { [series("pgbouncer_pools_client_waiting_connections", pool)]: flat(4, 60) },
        at: "4m",
        alerts: [
          {
            labels: { ...pool, severity: "warning" },
            summary: "4 clients wait for a connection to mycelium_matrix in PgBouncer on web1",
          },
        ],
      },
    ],
    quiet: [
      {
        series: { [series("pgbouncer_pools_client_waiting_connections", pool)]: "4 0 4 0 4 0 4 0" },
        at: "4m",
      },
    ],
  },
};
