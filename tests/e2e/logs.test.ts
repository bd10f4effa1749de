import { randomUUID } from "crypto";
import { Site, SiteResponse, siteRequest } from "../../ops/lib/site";
import { given, real, removeGiven } from "./support/given";
import { LabVps } from "./support/lab";
import { expectSuccess, Running, Stack, start, until, untilOutput } from "./support/stack";

/**
 * A stack whose logs are collected, on one server. The tests are one story in order. With HYPHA_LOKI=<file>,
 * HYPHA_ALLOY=<file> and HYPHA_GRAFANA=<directory> the programs are real; otherwise the samples and a stand-in, which
 * take their settings from the same files.
 */
const vps = new LabVps(75);
const stack = new Stack("logs");
const port = 29_170;
const programs = given();
let forward: Running | undefined;
let site: Site;

const up = (name: string) => stack.deploy(`logs-${name}`);

interface Stream {
  stream: Record<string, string>;
  values: [string, string][];
}

/** What Loki's API answers, through the forward that `make metrics` opens. */
async function lines(query: string): Promise<Stream[]> {
  const reply = await fetch(
    `http://127.0.0.1:${port + 2}/loki/api/v1/query_range?limit=500&query=${encodeURIComponent(query)}`,
  );
  if (!reply.ok) throw new Error(`${reply.status}: ${await reply.text()}`);
  return ((await reply.json()) as { data: { result: Stream[] } }).data.result;
}
const services = (found: Stream[]) => [...new Set(found.map(({ stream }) => stream["service"]))].sort();
const texts = (found: Stream[]) => found.flatMap(({ values }) => values.map(([, text]) => text));

/** Asks for a page under a name, or under none. */
const ask = (page: string, name?: string): Promise<SiteResponse> =>
  siteRequest(site, page, { headers: name === undefined ? {} : { "X-Request-ID": name } });

/** Removes the one container of a service; Swarm starts another. */
const kill = (service: string) =>
  vps.exec(`docker rm --force $(docker ps --quiet --filter name=^hypha-logs-${service}\\.)`);

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await stack.init();
});

afterAll(async () => {
  forward?.process.kill();
  await vps.down();
  stack.remove();
  removeGiven();
});

/** The stack file; the sections are those that Debian has no packages for. */
async function configure(sections: object): Promise<void> {
  const unwatched = ["node", "containers", "postgres", "nginx", "synapse", "bridge", "mycelium", "blackbox"];
  stack.configure({
    hosts: {
      web1: await vps.host(),
    },
    edge: { domain: "logs.test" },
    observability: {
      scrapeSeconds: 5,
      exporters: Object.fromEntries(unwatched.map((one) => [one, false])),
      ...sections,
    },
  });
}
test("a bare server becomes a stack whose logs are collected", async () => {
  await configure(programs);
  await up("cold");
  site = await stack.site();
});

test("make metrics shows Loki and Grafana, too, which found its settings, secrets and dashboards", async () => {
  forward = stack.tool("metrics", "--port", String(port));
  await untilOutput(forward.output, /alertmanager: http:\/\/localhost:29173/);
  await until("Loki is ready", async () => {
    const reply = await fetch(`http://127.0.0.1:${port + 2}/ready`);
    return reply.ok && (await reply.text()).includes("ready");
  });
  const health = await fetch(`http://127.0.0.1:${port + 1}/api/health`);
  const answer = (await health.json()) as Record<string, string>;
  expect(answer["database"]).toBe("ok");
  if (real.grafana === undefined) {
    expect(answer).toMatchObject({
      secrets: "40 40",
      sources: "prometheus alertmanager loki",
      dashboards: "backups chat containers edge host logs overview postgres",
    });
    return;
  }
  const { grafana } = (await stack.outputs()) as { grafana: { user: string; password: string } };
  const login = Buffer.from(`${grafana.user}:${grafana.password}`).toString("base64");
  const found = await fetch(`http://127.0.0.1:${port + 1}/api/search?type=dash-db`, {
    headers: { Authorization: `Basic ${login}` },
  });
  expect((await found.json()) as object[]).toHaveLength(8);
});

test("a request is found by its name in the lines of everything that took part", async () => {
  const name = randomUUID();
  for (const page of ["/api/rooms/list", "/_matrix/client/versions"]) {
    const { status, headers } = await ask(page, name);
    expect([status, headers["x-request-id"]]).toEqual([200, name]);
  }
  const query = `{stack="logs"} |= "${name}"`;
  await until("its lines are there", async () => services(await lines(query)).length === 3);
  const found = await lines(query);
  expect(services(found)).toEqual(["edge", "gateway", "homeserver"]);
  for (const { stream, values } of found) {
    expect(stream).toMatchObject({ stack: "logs", host: "web1", job: "containers" });
    expect(stream["task"]).toMatch(new RegExp(`^hypha-logs-${stream["service"] ?? ""}\\.1\\.\\w+$`));
    expect(stream).not.toHaveProperty("filename");
    // Nanoseconds, of the time at which they were written.
    for (const [at, text] of values) {
      expect(Math.abs(Number(BigInt(at) / 1_000_000n) - Date.now())).toBeLessThan(300_000);
      expect(text).not.toContain("\n");
    }
  }
  expect(texts(await lines(`${query} |= "/_matrix/client/versions"`)).length).toBeGreaterThanOrEqual(2);
  expect(await lines(`{stack="another"} |= "${name}"`)).toEqual([]);
});

test("who gives no name, or one that is none, is told the one that the request got", async () => {
  for (const name of [undefined, 'a" quoted name', "short"]) {
    const { headers } = await ask("/api/rooms/list", name);
    const got = String(headers["x-request-id"]);
    expect(got).toMatch(/^[0-9a-f]{32}$/);
    await until(
      "its lines are there",
      async () => services(await lines(`{stack="logs"} |= "${got}"`)).length === 2,
    );
  }
});

const journal = "the journal is there, too, by unit and level";
if (real.alloy === undefined) {
  test.skip(`${journal} (skipped: the sample reads none; HYPHA_ALLOY=<file> names a real Alloy)`, () =>
    undefined);
} else {
  test(journal, async () => {
    const word = randomUUID();
    await vps.exec(`systemd-run --wait --unit=hypha-word echo ${word}`);
    await until("the line is there", async () => (await lines(`{job="journal"} |= "${word}"`)).length > 0);
    const [found] = await lines(`{job="journal"} |= "${word}"`);
    expect(found?.stream).toMatchObject({ stack: "logs", host: "web1", service: "host", level: "info" });
    expect(found?.stream["unit"]).toMatch(/^(hypha-word|init)\./);
    // What systemd writes of each look at a container's health stays on the server.
    const looks = String.raw`run-docker-runtime.+\.mount: (Deactivated successfully|Succeeded)`;
    expect(Number(await vps.exec(`journalctl --no-pager | grep -cE '${looks}'`))).toBeGreaterThan(0);
    expect(await lines(`{job="journal"} |~ "^run-docker-runtime"`)).toEqual([]);
  });
}

test("a shipper that ends goes on where it was: no line is lost, none is there twice", async () => {
  const before = randomUUID();
  await ask("/api/rooms/list", before);
  await until(
    "its lines are there",
    async () => texts(await lines(`{job="containers"} |= "${before}"`)).length === 2,
  );
  await kill("alloy-web1");
  const meanwhile = randomUUID();
  await ask("/api/rooms/list", meanwhile);
  await until(
    "the lines of meanwhile are there",
    async () => (await lines(`{job="containers"} |= "${meanwhile}"`)).length === 2,
  );
  for (const name of [before, meanwhile]) {
    expect(texts(await lines(`{job="containers"} |= "${name}"`))).toHaveLength(2);
  }
});

test("a store that ends has all its lines again", async () => {
  const name = randomUUID();
  await ask("/api/rooms/list", name);
  const query = `{service="edge"} |= "${name}"`;
  await until("its line is there", async () => (await lines(query)).length === 1);
  await kill("loki");
  // Its address on the host is another one now.
  forward?.process.kill();
  await until(
    "Loki runs again",
    async () =>
      (await vps.exec("docker ps --filter name=^hypha-logs-loki --filter health=healthy --quiet")).trim() !==
      "",
  );
  forward = stack.tool("metrics", "--port", String(port));
  await until("its line is there again", async () => texts(await lines(query)).length === 1);
});

test("what no registry gives is refused before anything changes, with the way without; what is left out is said", async () => {
  const unknown = { kind: "image", reference: `registry.invalid/loki@sha256:${"0".repeat(64)}` };
  await configure({ logs: { ...programs.logs, loki: { source: unknown } } });
  const { code, output } = await start("tsx", ["ops/check.ts", "--config-file", stack.configFile], {
    env: { ...stack.env, STACK: stack.name, ALLOW_DIRTY: "1", ALLOW_DATA_CHANGE: "1" },
  }).ended;
  expect(code).toBe(1);
  expect(output).toContain("left out, as the configuration has no hypha:observability.grafana");
  expect(output).toContain(`web1 cannot pull ${unknown.reference}: `);
  expect(output).toContain("take hypha:observability.logs out, everything else works without");
  expect(output.match(/FAILED/g)).toHaveLength(1);
  await configure(programs);
});

test("no port of the server is open for it, and a second up changes nothing", async () => {
  expect(await vps.openPorts()).toEqual([22, 80, 443]);
  expect(await up("again")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("destroy leaves lines, figures and pages, and nothing else of it", async () => {
  const run = await stack.destroy();
  expectSuccess(run);
  const volumes = (await vps.exec("docker volume ls -q")).trim().split("\n").sort();
  expect(volumes).toEqual(
    ["alertmanager", "grafana", "homeserver-media", "loki", "postgres", "prometheus"].map((role) =>
      role.includes("-") ? `hypha-logs-${role}` : `hypha-logs-${role}-data`,
    ),
  );
  expect((await vps.exec("docker images --quiet 'hypha-logs-images/*'")).trim()).toBe("");
});
