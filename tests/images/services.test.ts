import { randomBytes } from "crypto";
import * as https from "https";
import * as path from "path";
import {
  build, builds, clean, docker, ended, fixtures, healthy, inspect, logs, published, secrets, selfSigned, start, stop,
  tryDocker, until,
} from "./support/docker"; // prettier-ignore

const net = ["--network", "i-net"];
const socket = ["-v", "i-sock:/run/postgresql"];
const secret = () => randomBytes(24).toString("hex");
const password = secret();
const matrixSecrets = secrets({
  registration_shared_secret: secret(),
  macaroon_secret_key: secret(),
  form_secret: secret(),
  signing_key: `ed25519 a_1 ${randomBytes(32).toString("base64").replace(/=+$/, "")}`,
  admin_password: password,
});

const startPostgres = () =>
  start("pg", "i-postgres", ...net, ...socket, "-v", "i-data:/var/lib/postgresql/data",
    "-v", `${path.join(fixtures, "postgres")}:/etc/hypha:ro`); // prettier-ignore

const startHomeserver = (name: string, ...args: string[]) =>
  start(name, "i-homeserver", ...net, ...socket, "-v", `${path.join(fixtures, "homeserver")}:/etc/synapse:ro`,
    "-v", `${matrixSecrets}:/run/secrets:ro`, "-p", "127.0.0.1::8008", "-v", "i-media:/data", ...args); // prettier-ignore

const startGateway = (name: string) => start(name, "i-gateway", ...net, ...socket, "-p", "127.0.0.1::8080");

async function json(
  container: string,
  port: number,
  url: string,
  body?: object,
): Promise<{ status: number; body: unknown }> {
  const init =
    body === undefined
      ? {}
      : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const reply = await fetch(`http://${published(container, port)}${url}`, init);
  const text = await reply.text();
  return { status: reply.status, body: /^[[{]/.test(text) ? JSON.parse(text) : text };
}

beforeAll(async () => {
  clean();
  await Promise.all(Object.keys(builds).map((name) => build(name)));
  docker("network", "create", "i-net");
  await healthy(startPostgres());
});
afterAll(clean);

describe("homeserver", () => {
  const login = (name: string, word: string) =>
    json(name, 8008, "/_matrix/client/v3/login", {
      type: "m.login.password", identifier: { type: "m.id.user", user: "admin" }, password: word,
    }); // prettier-ignore

  it("is healthy with its admin made, who logs in by password; nobody else does", async () => {
    await healthy(startHomeserver("hs", "-e", "ADMIN_USER=admin"), 90);
    const admin = await login("i-hs", password);
    expect(admin).toMatchObject({ status: 200, body: { user_id: "@admin:chat.example" } });
    expect((await login("i-hs", "wrong")).status).toBe(403);
    const open = await json("i-hs", 8008, "/_matrix/client/v3/register", {
      username: "eve",
      password: secret(),
    });
    expect(open.status).toBe(403);
  });

  it("keeps secrets out of its log and its processes' arguments", () => {
    const seen = `${logs("i-hs")}${docker("top", "i-hs")}`;
    expect(seen).toContain("admin account admin is there");
    expect(seen).not.toContain(password);
  });

  it("stops in time", () => {
    const { seconds, code } = stop("i-hs");
    expect(seconds).toBeLessThan(5);
    expect([0, 143]).toContain(code);
  });

  it("finds its admin again in a new container", async () => {
    docker("rm", "i-hs");
    await healthy(startHomeserver("hs", "-e", "ADMIN_USER=admin"), 90);
    expect((await login("i-hs", password)).status).toBe(200);
    docker("rm", "-f", "i-hs");
  });

  it("stays unhealthy and says why when the admin cannot be made", async () => {
    const bad = startHomeserver("hs-bad", "-e", "ADMIN_USER=Not Allowed", "-e", "ADMIN_DEADLINE_SECONDS=5");
    await until("the reason", 60, () => logs(bad).includes("health stays red"));
    expect(logs(bad)).toMatch(/could not be made in 5 s.*User ID can only contain/);
    expect(tryDocker("exec", bad, "healthcheck").code).not.toBe(0);
    docker("rm", "-f", bad);
  });

  it("names a secret that is missing", async () => {
    const none = start("hs-none", "i-homeserver", "-e", "ADMIN_USER=admin", "-v", "i-media:/data",
      "-v", `${path.join(fixtures, "homeserver")}:/etc/synapse:ro`); // prettier-ignore
    expect(await ended(none, 20)).toBe(1);
    expect(logs(none)).toContain("/run/secrets/registration_shared_secret is missing");
  });
});

describe("gateway", () => {
  const inGateway = (code: string) => tryDocker("exec", "i-gw", "python3", "-c", code);

  it("answers the rooms list, and stores through the pooler by peer authentication", async () => {
    await healthy(startGateway("gw"));
    expect(await json("i-gw", 8080, "/api/rooms/list")).toEqual({
      status: 200,
      body: { success: true, data: { rooms: [] }, error: null },
    });
    const room = await json("i-gw", 8080, "/api/rooms/create", { room_name: "Tea" });
    expect(room.body).toMatchObject({ success: true, data: { room_name: "Tea" } });
    expect(docker("exec", "i-pg", "psql", "-XAt", "-U", "postgres", "-d", "mycelium_matrix", "-c", "select room_name, tableowner from rooms, pg_tables where tablename = 'rooms'"))
      .toBe("Tea|mycelium_user"); // prettier-ignore
  });

  it("lets named prepared statements live between transactions", () => {
    const { code, out } = inGateway(
      `import psycopg2
db = psycopg2.connect("postgresql://mycelium_user:mycelium_pass@localhost/mycelium_matrix")
db.autocommit = True
c = db.cursor()
c.execute("prepare p as select 1")
for _ in range(5): c.execute("execute p")
print(c.fetchall())`,
    );
    expect([code, out.trim()]).toEqual([0, "[(1,)]"]);
  });

  it("offers its pooler to nobody else", () => {
    const other = tryDocker(
      "run",
      "--rm",
      ...net,
      "--entrypoint",
      "bash",
      "i-gateway",
      "-c",
      "echo >/dev/tcp/i-gw/5432",
    );
    expect(other.out).toContain("Connection refused");
  });

  it("ends when the pooler ends, and when the app ends, with that one's exit code", async () => {
    const kill = (process: string) =>
      tryDocker("exec", "i-gw", "bash", "-c", `for p in /proc/[0-9]*; do [[ $(tr '\\0' ' ' <$p/cmdline) == *${process}* && $p != /proc/1 && $p != /proc/$$ ]] && kill -9 \${p#/proc/}; done; true`); // prettier-ignore
    kill("pgbouncer.ini");
    expect(await ended("i-gw", 10)).toBe(137);
    expect(logs("i-gw")).toContain("the pooler ended with exit code 137");
    docker("start", "i-gw");
    await healthy("i-gw");
    kill("web-gateway");
    expect(await ended("i-gw", 10)).toBe(137);
    expect(logs("i-gw")).toContain("the gateway ended with exit code 137");
    docker("start", "i-gw");
    await healthy("i-gw");
  });

  it("is its own health's judge while Postgres is away, and ends when started without it", async () => {
    docker("stop", "i-pg");
    const orphan = startGateway("gw-orphan");
    expect(tryDocker("exec", "i-gw", "healthcheck").code).toBe(0);
    expect(await ended(orphan, 60)).toBe(1);
    expect(inspect(orphan, "{{.State.Health.Status}}")).not.toBe("healthy");
    expect(logs(orphan)).toContain("failed to connect to database");
    docker("start", "i-pg");
    await healthy("i-pg");
    await healthy("i-gw");
  });

  it("stops in time", () => {
    const { seconds, code } = stop("i-gw");
    expect(seconds).toBeLessThan(5);
    expect([0, 143]).toContain(code);
  });
});

describe("bridge", () => {
  /** A node's API on a Unix socket: like Mycelium it has no /health, and says so. */
  const mycelium = `import http.server, os, socketserver
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404); self.end_headers()
    def log_message(self, *_):
        pass
path = "/run/mycelium/api.sock"
if os.path.exists(path): os.remove(path)
server = socketserver.UnixStreamServer(path, Api)
os.chmod(path, 0o666)
server.serve_forever()`;
  const connected = async (): Promise<boolean> => {
    const { body } = await json("i-br", 8081, "/api/v1/bridge/status");
    return (body as { mycelium_connected: boolean }).mycelium_connected;
  };

  it("answers with its status, and forwards localhost:8989 to a socket that comes, hangs and goes", async () => {
    const mount = ["-v", "i-mycelium:/run/mycelium"];
    await healthy(start("br", "i-bridge", ...net, ...mount, "-p", "127.0.0.1::8081", "-e", "HOMESERVER_UPSTREAM=i-hs:8008",
      "-e", "MYCELIUM_SOCKET=/run/mycelium/api.sock")); // prettier-ignore
    expect((await json("i-br", 8081, "/health")).body).toBe("OK");
    expect(await connected()).toBe(false);
    docker("run", "-d", "--name", "i-mycelium", ...mount, "--user", "0", "--entrypoint", "python3", "i-bridge", "-c", mycelium); // prettier-ignore
    await until("Mycelium connected", 20, connected);
    docker("pause", "i-mycelium");
    // The status waits for it in vain; to start the bridge again would help nobody.
    expect(tryDocker("exec", "i-br", "healthcheck")).toEqual({ code: 0, out: "" });
    docker("unpause", "i-mycelium");
    docker("rm", "-f", "i-mycelium");
    expect(await connected()).toBe(false);
  });

  it("keeps routes in memory, knows no federation, and stops in time", async () => {
    const route = { server_name: "b.example", mycelium_key: "k" };
    expect((await json("i-br", 8081, "/api/v1/bridge/routes", route)).status).toBe(201);
    expect((await json("i-br", 8081, "/api/v1/bridge/routes")).body).toMatchObject({ count: 1 });
    expect((await json("i-br", 8081, "/_matrix/federation/v1/version")).status).toBe(404);
    const { seconds, code } = stop("i-br");
    expect(seconds).toBeLessThan(5);
    expect([0, 143]).toContain(code);
  });

  it("runs without Mycelium, and refuses an upstream that is none", async () => {
    await healthy(
      start("br-alone", "i-bridge", ...net, "-p", "127.0.0.1::8081", "-e", "HOMESERVER_UPSTREAM=i-hs:8008"),
    );
    expect((await json("i-br-alone", 8081, "/api/v1/bridge/status")).body).toMatchObject({
      mycelium_connected: false,
    });
    const bad = start("br-bad", "i-bridge", "-e", "HOMESERVER_UPSTREAM=i-hs");
    expect(await ended(bad, 10)).toBe(1);
    expect(logs(bad)).toContain('HOMESERVER_UPSTREAM is "i-hs", not host:port');
    const relative = start("br-relative", "i-bridge", "-e", "HOMESERVER_UPSTREAM=i-hs:8008", "-e", "MYCELIUM_SOCKET=api.sock"); // prettier-ignore
    expect(await ended(relative, 10)).toBe(1);
    expect(logs(relative)).toContain('MYCELIUM_SOCKET is "api.sock", not an absolute path');
  });
});

describe("frontend and edge", () => {
  const tls = secrets({});
  const get = (port: string, url: string) =>
    new Promise<{ status?: number; type?: string; text: string }>((resolve, reject) => {
      const [host, number] = port.split(":");
      https.get({ host, port: number, path: url, rejectUnauthorized: false, servername: "localhost" }, (reply) => {
        let text = "";
        reply.on("data", (part: Buffer) => (text += part.toString()));
        reply.on("end", () => resolve({ status: reply.statusCode, type: reply.headers["content-type"], text }));
      }).on("error", reject); // prettier-ignore
    });

  beforeAll(async () => {
    selfSigned(tls);
    await healthy(start("fe", "i-frontend", ...net, "--network-alias", "frontend"));
    await healthy(start("ed", "i-edge", ...net, "-p", "127.0.0.1::8443", "-p", "127.0.0.1::8080",
      "-v", `${path.join(fixtures, "edge/nginx.conf")}:/etc/nginx/nginx.conf:ro`, "-v", `${tls}/tls.crt:/etc/hypha/tls.crt:ro`,
      "-v", `${tls}/tls.key:/run/secrets/tls.key:ro`)); // prettier-ignore
  });

  it("serves the page over TLS, its routes to the page, and no page for a missing asset", async () => {
    const port = published("i-ed", 8443);
    expect(await get(port, "/")).toMatchObject({ status: 200, type: "text/html" });
    expect((await get(port, "/rooms/7")).text).toContain("hypha-sample");
    expect((await get(port, "/assets/none.js")).status).toBe(404);
    const script = await get(port, "/assets/app.js");
    expect(script.type).toBe("application/javascript");
    expect(script.text).not.toContain("localhost:808");
  });

  it("sends http to https", async () => {
    const reply = await fetch(`http://${published("i-ed", 8080)}/x?y=1`, {
      redirect: "manual",
      headers: { host: "a.example" },
    });
    expect([reply.status, reply.headers.get("location")]).toEqual([
      301,
      expect.stringMatching(/^https:\/\/.*\/x\?y=1$/),
    ]);
  });

  it("names a key that is missing", async () => {
    const none = start("ed-none", "i-edge", "-v", `${path.join(fixtures, "edge/nginx.conf")}:/etc/nginx/nginx.conf:ro`,
      "-v", `${tls}/tls.crt:/etc/hypha/tls.crt:ro`); // prettier-ignore
    expect(await ended(none, 10)).toBe(1);
    expect(logs(none)).toContain("/run/secrets/tls.key is missing");
  });

  it.each(["fe", "ed"])("%s stops in time", (name) => {
    const { seconds, code } = stop(`i-${name}`);
    expect(seconds).toBeLessThan(5);
    expect([0, 143]).toContain(code);
    expect(inspect(`i-${name}`, "{{.State.OOMKilled}}")).toBe("false");
  });
});
