import * as fs from "fs";
import * as path from "path";
import {
  build, clean, docker, ended, fixtures, healthy, logs, secrets, start, stop, tryDocker, until, volumeWith,
} from "./support/docker"; // prettier-ignore

const image = "i-postgres";
const settings = path.join(fixtures, "postgres");

const run = (name: string, data: string, config = settings): string =>
  start(name, image, "--network", "i-net", "-v", `${data}:/var/lib/postgresql/data`, "-v", "i-sock:/run/postgresql",
    "-v", `${config}:/etc/hypha:ro`); // prettier-ignore

/** psql from another container, as an OS user of one's own. */
const psql = (uid: number, user: string, database: string, sql: string, host = "/run/postgresql") =>
  tryDocker("run", "--rm", "--network", "i-net", "-u", String(uid), "-v", "i-sock:/run/postgresql", "-e", "PGPASSWORD=a",
    "-e", "PGCONNECT_TIMEOUT=5", "--entrypoint", "psql", image, "-XAt", "-h", host, "-U", user, "-d", database, "-c", sql); // prettier-ignore

beforeAll(async () => {
  clean();
  await build("postgres");
  docker("network", "create", "i-net");
  docker("volume", "create", "i-sock");
  docker("volume", "create", "i-data");
});
afterAll(clean);

describe("a server of its own", () => {
  beforeAll(async () => healthy(run("pg", "i-data")));
  afterAll(() => docker("rm", "-f", "i-pg"));

  it("lets uid 1001 in as mycelium_user by its OS identity", () => {
    expect(psql(1001, "mycelium_user", "mycelium_matrix", "select current_user").out.trim()).toBe(
      "mycelium_user",
    );
  });

  it.each([
    ["another uid", 1003, "mycelium_user", "mycelium_matrix", "Peer authentication failed"],
    ["another client's uid", 1002, "mycelium_user", "mycelium_matrix", "Peer authentication failed"],
    ["uid 1001 as the superuser", 1001, "postgres", "postgres", "Peer authentication failed"],
    ["uid 1001 in another database", 1001, "mycelium_user", "synapse", "no pg_hba.conf entry"],
    ["a uid without a name", 1999, "mycelium_user", "mycelium_matrix", "authentication failed"],
  ])("refuses %s, password or not", (_, uid, user, database, reason) => {
    const answer = psql(uid, user, database, "select 1");
    expect(answer.code).not.toBe(0);
    expect(answer.out).toContain(reason);
  });

  it("does not listen on TCP", () => {
    expect(psql(1001, "mycelium_user", "mycelium_matrix", "select 1", "i-pg").out).toContain(
      "Connection refused",
    );
  });

  it("has UTF8, checksums, the locale C.UTF-8, and Synapse's database in C", () => {
    const ask = (sql: string) => docker("exec", "i-pg", "psql", "-XAt", "-U", "postgres", "-c", sql);
    expect(ask("show data_checksums")).toBe("on");
    expect(ask("select datname, pg_encoding_to_char(encoding), datcollate from pg_database where not datistemplate order by 1"))
      .toBe("mycelium_matrix|UTF8|C.UTF-8\npostgres|UTF8|C.UTF-8\nsynapse|UTF8|C"); // prettier-ignore
    expect(ask("show jit_provider; select pg_jit_available()")).toBe("llvmjit\nf");
  });

  it("refuses a second server on the same data", async () => {
    const second = run("pg-second", "i-data");
    expect(await ended(second, 30)).toBe(1);
    expect(logs(second)).toContain("another server is using the data volume");
    expect(psql(1001, "mycelium_user", "mycelium_matrix", "select 1").code).toBe(0);
  });

  it("stops in time with a client connected, and keeps its data for the next container", async () => {
    expect(psql(1001, "mycelium_user", "mycelium_matrix", "create table kept as select 42 as n").code).toBe(
      0,
    );
    docker("exec", "-d", "i-pg", "psql", "-U", "postgres", "-c", "select pg_sleep(60)");
    const { seconds, code } = stop("i-pg");
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(5);
    docker("rm", "i-pg");
    await healthy(run("pg", "i-data"));
    expect(psql(1001, "mycelium_user", "mycelium_matrix", "select n from kept").out.trim()).toBe("42");
  });

  it("recovers after being killed", async () => {
    docker("kill", "i-pg");
    docker("rm", "i-pg");
    await healthy(run("pg", "i-data"));
    expect(psql(1001, "mycelium_user", "mycelium_matrix", "select n from kept").out.trim()).toBe("42");
  });
});

describe("starts that must fail", () => {
  /** The fixtures with some files replaced. */
  const changed = (files: Record<string, string>): string =>
    secrets({
      ...Object.fromEntries(
        fs.readdirSync(settings).map((file) => [file, fs.readFileSync(path.join(settings, file), "utf8")]),
      ),
      ...files,
    });

  it("says what is wrong in init.sql, and starts once it is right", async () => {
    docker("volume", "create", "i-bad");
    const bad = run("pg-bad", "i-bad", changed({ "init.sql": "select 1;\ncreate rolle x;\n" }));
    expect(await ended(bad, 60)).toBe(1);
    expect(logs(bad)).toMatch(/init\.sql:2: ERROR: {2}syntax error at or near "rolle"/);
    expect(logs(bad)).toContain("init.sql failed");
    await healthy(run("pg-good", "i-bad"));
  });

  it("says what is wrong in postgresql.conf", async () => {
    docker("volume", "create", "i-conf");
    const bad = run("pg-conf", "i-conf", changed({ "postgresql.conf": "max_conections = 5\n" }));
    expect(await ended(bad, 60)).toBe(1);
    expect(logs(bad)).toContain('unrecognized configuration parameter "max_conections"');
  });

  it("names a settings file that is missing", async () => {
    docker("volume", "create", "i-none");
    const none = run("pg-none", "i-none", secrets({ "postgresql.conf": "" }));
    expect(await ended(none, 20)).toBe(1);
    expect(logs(none)).toContain("/etc/hypha/pg_hba.conf is missing");
  });

  it.each([
    [
      "another major version",
      "mkdir /v/pgdata; echo 14 >/v/pgdata/PG_VERSION",
      "made by Postgres 14, this image is Postgres 15",
    ],
    ["a directory that is no cluster", "mkdir /v/pgdata; echo x >/v/pgdata/notes", "is no Postgres cluster"],
    ["a cluster in the wrong place", "echo 15 >/v/PG_VERSION", "holds a cluster of its own"],
  ])("refuses %s and leaves it alone", async (_, script, reason) => {
    const volume = volumeWith("foreign", image, `${script}; chown -R 999:999 /v`);
    const list = () => docker("run", "--rm", "-v", `${volume}:/v`, "-u", "0", "--entrypoint", "bash", image, "-c",
      "find /v ! -name .lock -type f -exec sha256sum {} +"); // prettier-ignore
    const before = list();
    const refused = run("pg-foreign", volume);
    expect(await ended(refused, 20)).toBe(1);
    expect(logs(refused)).toContain(reason);
    expect(list()).toBe(before);
    docker("rm", "i-pg-foreign");
    docker("volume", "rm", volume);
  });
});

describe("interrupted starts", () => {
  it("makes the cluster anew when initdb was cut off", async () => {
    const volume = volumeWith(
      "half",
      image,
      "mkdir /v/pgdata.new; echo 15 >/v/pgdata.new/PG_VERSION; chown -R 999:999 /v",
    );
    await healthy(run("pg-half", volume));
  });

  it("survives being killed at any point of its first start", async () => {
    docker("volume", "create", "i-killed");
    // Its init.sql does not end by itself: no signal comes after the start it is meant to interrupt.
    const files = Object.fromEntries(
      fs.readdirSync(settings).map((file) => [file, fs.readFileSync(path.join(settings, file), "utf8")]),
    );
    const endless = secrets({ ...files, "init.sql": `select pg_sleep(600);\n${files["init.sql"]}` });
    for (const [signal, moment, code] of [
      ["KILL", "making a new cluster", 137],
      ["TERM", "making a new cluster", 143],
      ["KILL", 'listening on Unix socket "/tmp/init', 137],
      ["TERM", 'listening on Unix socket "/tmp/init', 143],
    ] as const) {
      const container = run("pg-killed", "i-killed", endless);
      await until(moment, 30, () => logs(container).includes(moment));
      docker("kill", "-s", signal, container);
      expect(await ended(container, 5)).toBe(code);
      docker("rm", container);
    }
    await healthy(run("pg-killed", "i-killed"));
  });
});
