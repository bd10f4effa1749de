import { imageUids } from "../config/versions";
import { PostgresSizes } from "../sizing/sizing";

/** A database, who owns it, and the account whose processes may log in as the owner. */
export interface Database {
  name: string;
  /** Role that owns it; the only one that may connect to it. */
  owner: string;
  /** Account of the client's container. Postgres asks the kernel for it: no password exists. */
  uid: number;
  /** Collation. @default the cluster's */
  collation?: "C";
}

export interface PostgresSettings extends PostgresSizes {
  /** Connections at once. */
  maxConnections: number;
}

/** A SQL identifier; Postgres' longest is 63 bytes. */
export function identifier(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    throw new Error(
      `"${name}" is no name for a database or role: use a-z, 0-9 and _, a letter first, 63 at most`,
    );
  }
  return `"${name}"`;
}

export function renderPostgresqlConf(settings: PostgresSettings): string {
  return [
    "listen_addresses = ''",
    "unix_socket_directories = '/run/postgresql'",
    `max_connections = ${settings.maxConnections}`,
    `shared_buffers = ${settings.sharedBuffersMiB}MB`,
    `effective_cache_size = ${settings.effectiveCacheSizeMiB}MB`,
    `maintenance_work_mem = ${settings.maintenanceWorkMemMiB}MB`,
    `work_mem = ${settings.workMemKiB}kB`,
    // Their common memory is in /dev/shm, of which a container has 64 MiB; short queries gain nothing from them.
    "max_parallel_workers_per_gather = 0",
    "max_parallel_maintenance_workers = 0",
    "hba_file = '/etc/hypha/pg_hba.conf'",
    "ident_file = '/etc/hypha/pg_ident.conf'",
    "log_destination = stderr",
    "logging_collector = off",
    "log_line_prefix = '%m [%p] %q%u@%d '",
    "password_encryption = scram-sha-256",
    "",
  ].join("\n");
}

/** Peer authentication on the socket, each role into its own database; everything else is refused. */
export function renderHba(databases: Database[]): string {
  return [
    "local all postgres peer",
    ...databases.map((db) => `local ${identifier(db.name)} ${identifier(db.owner)} peer map=clients`),
    "local all all reject",
    "host all all all reject",
    "",
  ].join("\n");
}

/** Which account is which role. The image has an account `uid<n>` for each client's number. */
export function renderIdent(databases: Database[]): string {
  return [...databases.map((db) => `clients uid${db.uid} ${identifier(db.owner)}`), ""].join("\n");
}

/** Who looks at the server's figures: into the one database that holds nothing, as a member of `pg_monitor`. */
export const monitor: Database = { name: "postgres", owner: "hypha_monitor", uid: imageUids.exporters };

const createRole = (owner: string): string =>
  `SELECT 'CREATE ROLE ${identifier(owner)} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${owner}') \\gexec`;

/** Makes what is missing; run at each start, by psql. */
export function renderInitSql(databases: Database[], monitored = false): string {
  const look = monitored
    ? [createRole(monitor.owner), `GRANT pg_monitor TO ${identifier(monitor.owner)};`]
    : [];
  return databases
    .flatMap(({ name, owner, collation }) => {
      const locale = collation === undefined ? "" : ` LC_COLLATE ''${collation}'' LC_CTYPE ''${collation}''`;
      const [database, role] = [identifier(name), identifier(owner)];
      return [
        createRole(owner),
        `SELECT 'CREATE DATABASE ${database} OWNER ${role} ENCODING ''UTF8''${locale} TEMPLATE template0'` +
          ` WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${name}') \\gexec`,
        `REVOKE ALL ON DATABASE ${database} FROM PUBLIC;`,
      ];
    })
    .concat(look, "")
    .join("\n");
}
