import { Database, identifier, monitor } from "./render";

/** Where the images of the pooler, the gateway and the exporters look for the files of the pooler. */
export const poolerFiles = {
  settings: "/etc/hypha/pgbouncer.ini",
  access: "/etc/hypha/pg_hba.conf",
  certificate: "/etc/hypha/tls.crt",
  authority: "/etc/hypha/ca.crt",
  key: "/run/secrets/tls.key",
  users: "/run/secrets/userlist.txt",
  passfile: "/run/secrets/pgpass",
} as const;

export const poolerPort = 6432;

/** PgBouncer's name for its own console. */
const poolerConsole = "pgbouncer";

export interface PoolerSettings {
  /** The one database behind the pooler, and the role that may use it. */
  database: Pick<Database, "name" | "owner">;
  /** Connections to Postgres at once, 1 or more; whoever needs one beyond them waits 10 s at most. */
  connections: number;
  /** Let the exporters' account ask the console, and do nothing else. @default false */
  monitored?: boolean;
}

/** One that does not answer for a minute is gone: its host may be, too, and then nobody says so. */
const keepAlive = ["tcp_keepidle = 30", "tcp_keepintvl = 10", "tcp_keepcnt = 3"];

/** A database as PgBouncer reaches it, at a host or in a socket's directory. */
function upstream(database: PoolerSettings["database"], host: string): string {
  const { name, owner } = database;
  // PgBouncer takes such names without quotes.
  [name, owner].forEach(identifier);
  return `${name} = host=${host} dbname=${name} user=${owner}`;
}

/** PgBouncer: TLS and a password in front, Postgres' socket behind. */
export function renderPoolerIni({ database, connections, monitored = false }: PoolerSettings): string {
  return [
    "[databases]",
    upstream(database, "/run/postgresql"),
    "",
    "[pgbouncer]",
    "listen_addr = 0.0.0.0",
    `listen_port = ${poolerPort}`,
    "unix_socket_dir =",
    "client_tls_sslmode = require",
    "client_tls_protocols = tlsv1.3",
    `client_tls_cert_file = ${poolerFiles.certificate}`,
    `client_tls_key_file = ${poolerFiles.key}`,
    "; It does not start without one, though no client has to show a certificate.",
    `client_tls_ca_file = ${poolerFiles.authority}`,
    "auth_type = hba",
    `auth_hba_file = ${poolerFiles.access}`,
    `auth_file = ${poolerFiles.users}`,
    ...(monitored
      ? ["; May ask the console, and give it no command.", `stats_users = ${monitor.owner}`]
      : []),
    "; Named prepared statements (sqlx) outlive a transaction.",
    "pool_mode = session",
    `default_pool_size = ${connections}`,
    `max_db_connections = ${connections}`,
    "; 20 from each of 20 replicas, old and new ones during an update, and some.",
    "max_client_conn = 1000",
    "ignore_startup_parameters = extra_float_digits",
    "query_wait_timeout = 10",
    "server_connect_timeout = 5",
    "server_login_retry = 1",
    "server_lifetime = 3600",
    ...keepAlive,
    "log_connections = 0",
    "log_disconnections = 0",
    "log_stats = 0",
    "",
  ].join("\n");
}

/**
 * The role into its own database by TLS and password; from the container itself, for the health check, without. Where it
 * is monitored, the exporters' account into the console.
 */
export function renderPoolerHba({ name, owner }: PoolerSettings["database"], monitored = false): string {
  const who = `${identifier(name)} ${identifier(owner)}`;
  const watcher = `${identifier(poolerConsole)} ${identifier(monitor.owner)}`;
  return [
    `hostssl ${who} 127.0.0.1/32 trust`,
    `hostssl ${who} 0.0.0.0/0 scram-sha-256`,
    ...(monitored ? [`hostssl ${watcher} 0.0.0.0/0 scram-sha-256`] : []),
    "",
  ].join("\n");
}

/** A line of PgBouncer's list of users: the pooler checks the password by it, and the gateway's own pooler finds it there. */
export function renderUserlist(owner: string, password: string): string {
  return `${identifier(owner)} "${password.replaceAll('"', '""')}"\n`;
}

/** libpq's file of passwords, with the one that opens the console at `host`. */
export function renderPassfile(host: string, password: string): string {
  const escaped = password.replace(/[\\:]/g, "\\$&");
  return `${host}:${poolerPort}:${poolerConsole}:${monitor.owner}:${escaped}\n`;
}

/**
 * The gateway's own PgBouncer, which logs in to the pooler `host` instead of Postgres. What does not depend on that
 * stands in the image.
 */
export function renderPoolerClientIni(database: PoolerSettings["database"], host: string): string {
  return [
    "[databases]",
    upstream(database, `${host} port=${poolerPort}`),
    "",
    "[pgbouncer]",
    `auth_file = ${poolerFiles.users}`,
    "server_tls_sslmode = verify-full",
    "server_tls_protocols = tlsv1.3",
    `server_tls_ca_file = ${poolerFiles.authority}`,
    "; A new pooler has a new address.",
    "dns_max_ttl = 1",
    "dns_nxdomain_ttl = 1",
    ...keepAlive,
    "%include /etc/hypha/settings.ini",
    "",
  ].join("\n");
}
