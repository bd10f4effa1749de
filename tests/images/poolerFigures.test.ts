import { randomBytes } from "crypto";
import { ownMetrics } from "../../components/observability/contract";
import {
  poolerFiles, renderPassfile, renderPoolerHba, renderPoolerIni, renderUserlist,
} from "../../components/postgres/poolerRender"; // prettier-ignore
import { monitor } from "../../components/postgres/render";
import {
  build, clean, docker, healthy, logs, published, secrets, start, stop, tryDocker, until, volumeWith,
} from "./support/docker"; // prettier-ignore
import { authority, database, mounts, net, startPooler, startPostgres } from "./support/pooler";

const own = authority("i-pooler");
const [password, watcher] = [1, 2].map(() => randomBytes(20).toString("hex")) as [string, string];
const files = secrets({
  "pooler.ini": renderPoolerIni({ database, connections: 2, monitored: true }),
  "pg_hba.conf": renderPoolerHba(database, true),
  "userlist.txt": renderUserlist(database.owner, password) + renderUserlist(monitor.owner, watcher),
});

/** The exporter as the stack starts it; libpq takes no file of passwords that others may read. */
function startExporter(name: string, word: string): string {
  const held = volumeWith(`${name}-secret`, "i-exporters",
    `printf '%s' '${renderPassfile("i-pooler", word)}' >/v/pgpass; chown 1007 /v/pgpass; chmod 400 /v/pgpass`); // prettier-ignore
  return start(name, "i-exporters", ...net, "-p", "127.0.0.1::9127", "--entrypoint", "/usr/local/bin/pooler",
    "-v", `${held}:/run/secrets:ro`, ...mounts([`${own}/ca.crt`, poolerFiles.authority]),
    "-e", "PGHOST=i-pooler", "-e", "PGPORT=6432", "-e", `PGUSER=${monitor.owner}`, "-e", "SECONDS_BETWEEN=1",
    "-e", "HEALTH_PORT=9127", "-e", "HEALTH_PATH=/metrics", "-e", "HEALTH_TEXT=pgbouncer_up"); // prettier-ignore
}

/** All figures of PgBouncer by their name; each has one series here. */
async function figures(exporter = "i-figures"): Promise<Record<string, { labels: string; value: number }>> {
  const text = await (await fetch(`http://${published(exporter, 9127)}/metrics`)).text();
  const found = [...text.matchAll(/^(pgbouncer_\w+)(?:{(.*)})? (\S+)$/gm)];
  expect(new Set(found.map(([, name]) => name)).size).toBe(found.length);
  return Object.fromEntries(
    found.map(([, name = "", labels = "", value]) => [name, { labels, value: Number(value) }]),
  );
}
const value = async (name: string) => (await figures())[`pgbouncer_${name}`]?.value;
const becomes = (name: string, wanted: number) =>
  until(`${name} is ${wanted}`, 30, async () => (await value(name)) === wanted);

/** A client that holds its connection for so many seconds. */
const client = (name: string, seconds: number) =>
  docker("run", "-d", "--name", `i-client-${name}`, ...net, ...mounts([`${own}/ca.crt`, "/ca.crt"]),
    "-e", `PGPASSWORD=${password}`, "--entrypoint", "psql", "i-postgres", "-XAt", "-c", `select pg_sleep(${seconds})`,
    `host=i-pooler port=6432 user=${database.owner} dbname=${database.name} sslmode=verify-full sslrootcert=/ca.crt`); // prettier-ignore

/** psql as the account that watches. */
const asWatcher = (to: string, command: string) =>
  tryDocker("exec", "-e", `PGPASSWORD=${watcher}`, "i-figures", "psql", "-XAtw", "-c", command,
    `host=i-pooler dbname=${to} sslmode=verify-full sslrootcert=${poolerFiles.authority}`); // prettier-ignore

beforeAll(async () => {
  clean();
  await Promise.all(["postgres", "pooler", "exporters"].map((name) => build(name)));
  docker("network", "create", "i-net");
  docker("volume", "create", "i-sock");
  docker("volume", "create", "i-data");
  await healthy(startPostgres());
  // Its health check is a client, too: without it the clients here are all that there are.
  startPooler(files, own, "--health-interval", "1h");
  await healthy(startExporter("figures", watcher));
  await becomes("up", 1);
});
afterAll(clean);

it("gives every figure that rules and dashboards count on, of the database and not of the console", async () => {
  client("first", 0);
  await becomes("stats_totals_queries_pooled_total", 1);
  const all = await figures();
  for (const [name, labels] of Object.entries(ownMetrics.pgbouncer)) {
    const told = [...(all[name]?.labels ?? "").matchAll(/(\w+)="(\w+)"/g)];
    expect([name, told.map(([, label]) => label).sort()]).toEqual([name, [...labels].sort()]);
    for (const [, label, text] of told) {
      expect([label, text]).toEqual([label, label === "user" ? database.owner : database.name]);
    }
  }
  expect(all).toMatchObject({
    pgbouncer_databases_max_connections: { value: 2 },
    pgbouncer_databases_current_connections: { value: 1 },
    pgbouncer_databases_paused: { value: 0 },
    pgbouncer_pools_server_idle_connections: { value: 1 },
  });
  const text = await (await fetch(`http://${published("i-figures", 9127)}/metrics`)).text();
  expect(text).toContain("# TYPE pgbouncer_stats_totals_queries_pooled_total counter\n");
  expect(text).toContain("# TYPE pgbouncer_pools_client_waiting_connections gauge\n");
  expect(text).toContain("node_textfile_scrape_error 0\n");
});

it("counts the client that waits, and how long, until it is served or refused", async () => {
  client("one", 8);
  client("two", 8);
  await becomes("pools_client_active_connections", 2);
  client("late", 0);
  await becomes("pools_client_waiting_connections", 1);
  expect(await figures()).toMatchObject({
    pgbouncer_pools_server_active_connections: { value: 2 },
    pgbouncer_pools_server_idle_connections: { value: 0 },
  });
  await until("it has waited for two seconds", 10, async () => {
    return ((await value("pools_client_maxwait_seconds")) ?? 0) >= 2;
  });
  await becomes("pools_client_waiting_connections", 0);
  await becomes("stats_totals_queries_pooled_total", 4);
  expect(await value("stats_totals_client_wait_seconds_total")).toBeGreaterThan(2);
  // It counts a query when it begins, and its time when it has ended.
  await until("both took their eight seconds", 20, async () => {
    return ((await value("stats_totals_queries_duration_seconds_total")) ?? 0) >= 16;
  });
});

it.each(["PAUSE", "RESUME", "RELOAD", "SHUTDOWN", "KILL mycelium_matrix", "DISABLE mycelium_matrix", "SET pool_mode = 'statement'"])(
  "has an account that may not %s", (command) => {
    expect(asWatcher("pgbouncer", command)).toEqual({ code: 1, out: "ERROR:  admin access needed\n" });
  }); // prettier-ignore

it("has an account that sees figures and no data", () => {
  expect(asWatcher("pgbouncer", "SHOW POOLS").out).toContain(database.name);
  const { code, out } = asWatcher(database.name, "select 1");
  expect([code, out]).toEqual([2, expect.stringContaining("FATAL:  login rejected")]);
});

it("says 0 while the pooler is away, and nothing that was true before; 1 when it is back", async () => {
  docker("stop", "i-pooler");
  await becomes("up", 0);
  expect(Object.keys(await figures())).toEqual(["pgbouncer_up"]);
  docker("start", "i-pooler");
  await becomes("up", 1);
});

it("says 0 with a wrong password, with the reason in its log", async () => {
  const wrong = startExporter("wrong", "another");
  await healthy(wrong);
  expect((await figures(wrong))["pgbouncer_up"]).toEqual({ labels: "", value: 0 });
  expect(logs(wrong)).toContain("SASL authentication failed");
});

it("keeps the password out of logs, arguments and environment", () => {
  for (const container of ["i-pooler", "i-figures"]) {
    const seen = `${logs(container)}${docker("top", container)}${docker("inspect", container)}`;
    expect(seen).not.toContain(watcher);
  }
});

it("stops in time", () => {
  const { seconds } = stop("i-figures");
  expect(seconds).toBeLessThan(5);
});
