import { randomBytes } from "crypto";
import {
  poolerFiles, renderPoolerClientIni, renderPoolerHba, renderPoolerIni, renderUserlist,
} from "../../components/postgres/poolerRender"; // prettier-ignore
import type { Result } from "./support/docker";
import {
  build, clean, docker, healthy, inspect, logs, published, secrets, start, stop, tryDocker, until,
} from "./support/docker"; // prettier-ignore
import {
  authority,
  database,
  mounts,
  net,
  startPooler as startPoolerWith,
  startPostgres,
} from "./support/pooler";

const password = randomBytes(20).toString("hex");
const own = authority("i-pooler");
const files = secrets({
  "pooler.ini": renderPoolerIni({ database, connections: 20 }),
  "pg_hba.conf": renderPoolerHba(database),
  "gateway.ini": renderPoolerClientIni(database, "i-pooler"),
  "userlist.txt": renderUserlist(database.owner, password),
});
const startPooler = () => startPoolerWith(files, own);

const startGateway = (name: string, change: { ini?: string; ca?: string; users?: string } = {}) =>
  start(name, "i-gateway", ...net, "-p", "127.0.0.1::8080",
    ...mounts(
      [change.ini ?? `${files}/gateway.ini`, poolerFiles.settings],
      [change.ca ?? `${own}/ca.crt`, poolerFiles.authority],
      [change.users ?? `${files}/userlist.txt`, poolerFiles.users],
    )); // prettier-ignore

interface Login {
  readonly user?: string;
  readonly database?: string;
  readonly word?: string;
  readonly tls?: string;
}

/** psql in a container of its own on the same network. */
const psql = ({ user = database.owner, database: name = database.name, word = password, tls = "verify-full" }: Login): Result =>
  tryDocker("run", "--rm", ...net, ...mounts([`${own}/ca.crt`, "/ca.crt"]), "-e", `PGPASSWORD=${word}`, "-e", "PGCONNECT_TIMEOUT=5",
    "--entrypoint", "psql", "i-postgres", "-XAt", "-c", "select current_user",
    `host=i-pooler port=6432 user=${user} dbname=${name} sslmode=${tls} sslrootcert=/ca.crt`); // prettier-ignore

const call = async (container: string, url: string, body?: object): Promise<unknown> => {
  const init = {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  };
  const reply = await fetch(`http://${published(container, 8080)}${url}`, body === undefined ? {} : init);
  return reply.json();
};

beforeAll(async () => {
  clean();
  await Promise.all(["postgres", "pooler", "gateway"].map((name) => build(name)));
  docker("network", "create", "i-net");
  docker("volume", "create", "i-sock");
  docker("volume", "create", "i-data");
  await healthy(startPostgres());
  await healthy(startPooler());
  await healthy(startGateway("gw"));
});
afterAll(clean);

it("carries the gateway to Postgres: TLS to the pooler, the socket and peer authentication behind", async () => {
  expect(await call("i-gw", "/api/rooms/create", { room_name: "Tea" })).toMatchObject({ success: true });
  const ask = (sql: string) =>
    docker("exec", "i-pg", "psql", "-XAt", "-U", "postgres", "-d", "mycelium_matrix", "-c", sql);
  expect(ask("select room_name, tableowner from rooms, pg_tables where tablename = 'rooms'")).toBe(
    "Tea|mycelium_user",
  );
  // No client of Postgres has an address: all came by the socket.
  expect(ask("select distinct usename, client_addr is null from pg_stat_activity where datname = 'mycelium_matrix' and usename <> 'postgres'"))
    .toBe("mycelium_user|t"); // prettier-ignore
  expect(inspect("i-gw", "{{range .Mounts}}{{.Destination}} {{end}}")).not.toContain("postgresql");
});

it("lets the right password in by TLS, into its own database", () => {
  expect(psql({})).toEqual({ code: 0, out: "mycelium_user\n" });
});

it.each<[string, Login, RegExp]>([
  ["a wrong password", { word: "wrong" }, /SASL authentication failed|password authentication failed/],
  ["no password", { word: "" }, /no password supplied/],
  ["a client without TLS", { tls: "disable" }, /SSL required/],
  ["another database", { database: "synapse" }, /FATAL/],
  ["the superuser's database", { database: "postgres" }, /FATAL/],
  ["the superuser", { user: "postgres" }, /FATAL/],
  ["another role", { user: "synapse" }, /FATAL/],
  ["another role in its database", { user: "synapse", database: "synapse" }, /FATAL/],
  ["its own console", { database: "pgbouncer" }, /FATAL/],
])("refuses %s", (_, login, reason) => {
  const { code, out } = psql(login);
  expect(code).not.toBe(0);
  expect(out).toMatch(reason);
});

it("is believed by a gateway only with a certificate of the authority, for its name", async () => {
  const forged = startGateway("gw-forged", { ca: `${authority("i-pooler")}/ca.crt` });
  await until("the refusal", 40, () => logs(forged).includes("certificate verify failed"));
  expect(tryDocker("exec", forged, "healthcheck").code).not.toBe(0);
  docker("network", "disconnect", "i-net", "i-pooler");
  docker("network", "connect", "--alias", "other-name", "i-net", "i-pooler");
  const renamed = secrets({ "gateway.ini": renderPoolerClientIni(database, "other-name") });
  const other = startGateway("gw-other", { ini: `${renamed}/gateway.ini` });
  await until("the refusal", 40, () => logs(other).includes("other-name"));
  expect(logs(other)).toMatch(/name .*other-name.* not present in server certificate/);
  docker("rm", "-f", forged, other);
});

it("refuses a gateway with another password", async () => {
  const wrong = secrets({ "userlist.txt": renderUserlist(database.owner, "another") });
  const refused = startGateway("gw-wrong", { users: `${wrong}/userlist.txt` });
  await until("the refusal", 40, () => /authentication failed/.test(logs(refused)));
  expect(tryDocker("exec", refused, "healthcheck").code).not.toBe(0);
  docker("rm", "-f", refused);
});

it("is its own health's judge while Postgres is away, and both it and the gateway go on when that is back", async () => {
  docker("stop", "i-pg");
  for (const name of ["i-pooler", "i-gw"]) expect(tryDocker("exec", name, "healthcheck").code).toBe(0);
  docker("start", "i-pg");
  await healthy("i-pg");
  await until("the gateway writes again", 30, async () => {
    const answer = (await call("i-gw", "/api/rooms/create", { room_name: "Coffee" })) as { success: boolean };
    return answer.success;
  });
});

it("is healthy while all its connections are taken: whoever comes waits", async () => {
  const busy = "for n in $(seq 30); do psql -XAtc 'select pg_sleep(60)' & done; wait";
  docker("run", "-d", "--name", "i-busy", ...net, ...mounts([`${own}/ca.crt`, "/ca.crt"]), "-e", `PGPASSWORD=${password}`,
    "-e", "PGHOST=i-pooler", "-e", "PGPORT=6432", "-e", `PGUSER=${database.owner}`, "-e", `PGDATABASE=${database.name}`,
    "-e", "PGSSLMODE=verify-full", "-e", "PGSSLROOTCERT=/ca.crt", "--entrypoint", "bash", "i-postgres", "-c", busy); // prettier-ignore
  const taken = "select count(*) from pg_stat_activity where usename = 'mycelium_user'";
  await until(
    "all connections are taken",
    30,
    () => docker("exec", "i-pg", "psql", "-XAtU", "postgres", "-c", taken) === "20",
  );
  const waits =
    "timeout 4 psql -XAtc 'select 1' 'sslmode=verify-full sslrootcert=/etc/hypha/ca.crt hostaddr=127.0.0.1'";
  expect(tryDocker("exec", "i-pooler", "bash", "-c", waits)).toEqual({ code: 124, out: "" });
  expect(tryDocker("exec", "i-pooler", "healthcheck").code).toBe(0);
  docker("rm", "-f", "i-busy");
  await until("a client gets an answer", 30, () => psql({}).code === 0);
});

it("is found again by the gateway when another container takes its place", async () => {
  docker("rm", "-f", "i-pooler");
  // Its address is taken, so that the next pooler has another.
  docker("run", "-d", "--name", "i-squatter", ...net, "--entrypoint", "sleep", "i-postgres", "600");
  await healthy(startPooler());
  await healthy("i-gw");
  expect(await call("i-gw", "/api/rooms/create", { room_name: "Milk" })).toMatchObject({ success: true });
});

it("keeps the password out of logs, arguments and environment", () => {
  for (const container of ["i-pooler", "i-gw"]) {
    expect(`${logs(container)}${docker("top", container)}${docker("inspect", container)}`).not.toContain(
      password,
    );
  }
});

it("stops in time", () => {
  const { seconds } = stop("i-pooler");
  expect(seconds).toBeLessThan(5);
});
