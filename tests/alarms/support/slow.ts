import * as net from "net";
import { Site } from "../../../ops/lib/site";
import { stack, value, watch, web1 } from "../../e2e/support/observed";
import { asking, container, Fault, meanwhile, nothing, psql, scale, stop, stopAsking } from "./fault";

/** Clients that connect and say nothing: each that the edge closes comes again. */
class SilentClients {
  private readonly sockets = new Set<net.Socket>();
  private wanted = 0;

  /** From now on that many. */
  set(count: number): void {
    this.wanted = count;
    for (const socket of this.sockets) {
      if (this.sockets.size <= count) break;
      this.sockets.delete(socket);
      socket.destroy();
    }
    while (this.sockets.size < count) this.open();
  }

  private open(): void {
    const socket = net.connect(443, web1.address);
    this.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.sockets.delete(socket) && this.sockets.size < this.wanted) setTimeout(() => this.open(), 200);
    });
  }
}
const silent = new SilentClients();

const endClients = (query: string) =>
  psql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '${query}' AND pid <> pg_backend_pid()`,
  );

/** Its Nginx stops and goes on again: whoever asks meanwhile waits. */
const stutter = (name: string) =>
  `pids=$(docker top ${container(name)} -o pid,comm | awk '$2 == "nginx" { print $1 }')
   trap 'kill -CONT $pids' EXIT
   while kill -STOP $pids; do sleep 3.5; kill -CONT $pids; sleep 0.3; done`;

/** Takes memory in a container up to this share of its limit. */
async function hog(name: string, share: number): Promise<string> {
  const of = `{container_label_com_docker_swarm_service_name="hypha-${stack.name}-${name}"}`;
  const limit = await value(`container_spec_memory_limit_bytes${of}`);
  const used = await value(`container_memory_working_set_bytes${of}`);
  const perl = 4 * 1024 * 1024;
  const bytes = Math.round(limit * share - used - perl);
  return `docker exec ${container(name)} perl -e 'vec($x, ${bytes}, 8) = 1; sleep 3600'`;
}

/** Two transactions that wait for each other, ten times. */
const deadlocks = Array.from({ length: 10 }, (_, n) =>
  [
    [2 * n, 2 * n + 1],
    [2 * n + 1, 2 * n],
  ].map(
    ([first, second]) =>
      `(${psql(`SELECT pg_advisory_lock(${first}); SELECT pg_sleep(2); SELECT pg_advisory_lock(${second})`)} || true) &`,
  ),
).flat();

/** What is there is slow, or full. */
export const slow = (site: Site): Fault[] => [
  {
    cause: "ten deadlocks",
    begin: () => web1.exec(`${deadlocks.join("\n")}\nwait`),
    end: nothing,
    alerts: { PostgresDeadlocks: /^Postgres on web1: \d+ deadlocks in postgres in ten minutes$/ },
  },
  {
    cause: "all of PgBouncer's connections wait for a locked table, and visitors go on writing",
    begin: async () => {
      // Each takes 20 of the pooler's 50 connections at most.
      await scale("gateway", 4);
      const lock = "BEGIN; LOCK TABLE rooms; SELECT pg_sleep(3600)";
      await meanwhile(web1, "lock", psql(lock, "mycelium_matrix"));
      for (let n = 0; n < 120; n++) asking(site, "/api/rooms/create", 1000, { room_name: "waits" });
    },
    end: async () => {
      await stop(web1, "lock");
      await web1.exec(endClients("%LOCK TABLE%"));
      await stopAsking();
      await scale("gateway", 1);
    },
    alerts: {
      PgBouncerWaiting: /^\d+ clients wait for a connection to mycelium_matrix in PgBouncer on web1$/,
      EdgeSlow: /^One of a hundred answers of .*gateway.* takes .+ or more$/,
    },
  },
  {
    cause: "clients of Postgres that do not end",
    begin: async () => {
      const most = Number(await web1.exec(psql("SHOW max_connections")));
      const taken = psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'");
      const client = psql("SELECT pg_sleep(3600)");
      await meanwhile(
        web1,
        "clients",
        `while :; do [ "$(${taken})" -ge ${Math.floor(most * 0.92)} ] || ${client} & sleep 1; done`,
      );
    },
    end: async () => {
      await stop(web1, "clients");
      await web1.exec(endClients("SELECT pg_sleep(3600)"));
    },
    alerts: { PostgresConnections: /^Postgres on web1: \d+(\.\d+)?% of the connections are taken$/ },
  },
  {
    cause: "the exporter's account may not read a view",
    begin: () => web1.exec(psql("REVOKE SELECT ON pg_stat_database_conflicts FROM PUBLIC")),
    end: () => web1.exec(psql("GRANT SELECT ON pg_stat_database_conflicts TO PUBLIC")),
    alerts: { PostgresExporterBlind: /^Postgres on web1: the exporter's queries fail$/ },
  },
  {
    cause: "Postgres' archive takes no file",
    begin: async () => {
      await web1.exec(psql("ALTER SYSTEM SET archive_command = 'false'"));
      await web1.exec(psql("SELECT pg_reload_conf(), pg_logical_emit_message(true, 'any', 'thing')"));
      await web1.exec(psql("SELECT pg_switch_wal()"));
    },
    end: async () => {
      await web1.exec(psql("ALTER SYSTEM RESET archive_command"));
      await web1.exec(psql("SELECT pg_reload_conf()"));
    },
    alerts: {
      PostgresArchiveFailing:
        /^Postgres on web1: archiving failed \d+ times in ten minutes and never worked$/,
    },
  },
  {
    cause: "a table of the homeserver is missing",
    begin: async () => {
      await web1.exec(psql("ALTER TABLE room_aliases RENAME TO missing", "synapse"));
      asking(site, "/_matrix/client/v3/directory/room/%23none%3Aobserve.test", 1000);
    },
    end: () => web1.exec(psql("ALTER TABLE missing RENAME TO room_aliases", "synapse")),
    alerts: { HomeserverErrors: /^\d+(\.\d+)?% of the homeserver's answers are errors \(5xx\)$/ },
  },
  {
    cause: "a page that answers after seconds",
    begin: () => meanwhile(watch, "stutters", stutter("frontend")),
    end: () => stop(watch, "stutters"),
    alerts: { ProbeSlow: /takes .+s to answer$/ },
  },
  {
    cause: "1,900 clients that connect and say nothing",
    begin: () => {
      silent.set(1900);
      return Promise.resolve();
    },
    end: () => {
      silent.set(0);
      return Promise.resolve();
    },
    alerts: { NginxConnections: /^Nginx on web1 has \d+(\.\d+)?% of the clients it can serve$/ },
  },
  {
    cause: "a container at 94 % of its memory",
    begin: async () => meanwhile(watch, "hog", await hog("bridge", 0.94)),
    end: () => stop(watch, "hog").then(() => watch.exec("pkill -f '^perl -e' || true")),
    alerts: { ContainerMemory: /bridge.* on watch uses 9\d(\.\d+)?% of its memory limit$/ },
  },
  {
    cause: "a container over its memory limit",
    begin: async () => watch.exec(`${await hog("gateway", 2)} || true`),
    end: nothing,
    alerts: {
      ContainerOomKill: /gateway.* on watch went over its memory limit \d+ times$/,
      OomKill: /^watch: the kernel killed \d+ processes for memory$/,
    },
  },
  {
    cause: "the bridge's own Mycelium node stopped",
    begin: () => watch.exec("systemctl stop mycelium.service"),
    end: () => watch.exec("systemctl start mycelium.service"),
    alerts: { BridgeNotConnected: /^The bridge on .+ does not reach its Mycelium node$/ },
  },
];
