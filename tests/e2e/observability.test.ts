import * as fs from "fs";
import { createServer } from "http";
import * as path from "path";
import { Site, siteRequest } from "../../ops/lib/site";
import { LabVps } from "./support/lab";
import { countChanges, must, projectRoot, Running, Stack, start, untilOutput } from "./support/stack";

/** A stack that watches itself, on one server. The tests are one story in order. */
const kept = path.join(projectRoot, "build", "e2e");
const vps = new LabVps(70);
const stack = new Stack("observe");
const port = 29_070;
/** Who is told of alerts: this process, at the lab's gateway. */
const told: { path: string; alerts: { status: string; labels: Record<string, string> }[] }[] = [];
const receiver = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => (body += text));
  request.on("end", () => {
    const { alerts } = JSON.parse(body) as (typeof told)[number];
    told.push({ path: request.url ?? "", alerts });
    response.end();
  });
});
let forward: Running | undefined;
let site: Site;

async function up(name: string): Promise<ReturnType<typeof countChanges>> {
  const run = await stack.up();
  fs.mkdirSync(kept, { recursive: true });
  fs.writeFileSync(path.join(kept, `observability-${name}.txt`), run.output);
  if (run.code !== 0) {
    throw new Error(`up ended with ${run.code ?? run.signal}:\n${run.output.slice(-8000)}`);
  }
  return countChanges(run.output);
}

async function until<T>(what: string, look: () => Promise<T | undefined>, seconds = 180): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

/** What Prometheus' API answers, through the forward that `make metrics` opens. */
async function api<T>(resource: string): Promise<T> {
  const reply = await fetch(`http://127.0.0.1:${port}/api/v1/${resource}`);
  const { data } = (await reply.json()) as { data: T };
  return data;
}

async function ask(query: string): Promise<Sample[]> {
  const { result } = await api<{ result: Sample[] }>(`query?query=${encodeURIComponent(query)}`);
  return result;
}

const value = async (query: string): Promise<number> => Number((await ask(query))[0]?.value[1]);

interface ActiveTarget {
  labels: Record<string, string>;
  health: string;
  lastError: string;
}

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await stack.init();
  await new Promise<void>((resolve) =>
    receiver.listen(port + 5, () => {
      resolve();
    }),
  );
  for (const name of ["OPS", "WATCHDOG"]) {
    stack.env[`${name}_URL`] = `http://10.77.0.1:${port + 5}/${name.toLowerCase()}`;
  }
});

afterAll(async () => {
  forward?.process.kill();
  receiver.close();
  await vps.down();
  stack.remove();
});

test("a bare server becomes a stack that is watched", async () => {
  stack.configure({
    hosts: {
      web1: {
        kind: "vps",
        address: vps.address,
        hostKey: await vps.hostKey(),
        identity: { keyFile: await LabVps.keyFile() },
        minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
        recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      },
    },
    edge: { domain: "observe.test" },
    mycelium: { peers: [], tun: false },
    observability: {
      scrapeSeconds: 5,
      alerts: {
        receivers: { ops: { kind: "webhook", urlEnv: "OPS_URL" } },
        watchdog: { urlEnv: "WATCHDOG_URL" },
      },
    },
  });
  await up("cold");
  const outputs = await stack.outputs();
  site = {
    url: String(outputs["url"]),
    address: vps.address,
    authority: String(outputs["certificateAuthority"]),
  };
});

test("make metrics shows Prometheus' and Alertmanager's pages through SSH", async () => {
  forward = start("tsx", ["ops/metrics.ts", "--port", String(port)], {
    env: { ...stack.env, STACK: stack.name },
  });
  await untilOutput(forward.output, /alertmanager: http:\/\/localhost:29073/);
  const page = (url: string, holds: string) =>
    until(url, async () => ((await (await fetch(url)).text()).includes(holds) ? true : undefined));
  await page(`http://127.0.0.1:${port}/classic/targets`, "hypha-observe-prometheus:9090");
  await page(`http://127.0.0.1:${port + 3}/`, "Alertmanager");
});

test("every target is found and up", async () => {
  const targets = await until("every target is up", async () => {
    const { activeTargets } = await api<{ activeTargets: ActiveTarget[] }>("targets?state=active");
    return activeTargets.every(({ health }) => health === "up") ? activeTargets : undefined;
  });
  const seen = targets.map(({ labels }) => `${labels["job"]} ${labels["service"]} ${labels["host"]}`);
  expect([...new Set(seen)].sort()).toEqual([
    "alertmanager alertmanager web1",
    ...["bridge", "frontend", "gateway", "homeserver"].map((part) => `blackbox-http ${part} web1`),
    ...["icmp", "tcp"].map((kind) => `blackbox-${kind} host web1`),
    "blackbox-tls edge web1",
    "bridge bridge-exporter web1",
    "containers containers-web1 web1",
    "nginx edge web1",
    "node node-web1 web1",
    "postgres postgres-exporter web1",
    "prometheus prometheus web1",
    "synapse homeserver web1",
  ]);
});

test("what they tell is true: probes, host, units, containers, database, bridge, Mycelium", async () => {
  await until("every probe succeeds", async () =>
    (await value("count(probe_success == 1)")) === 9 && (await ask("probe_success == 0")).length === 0
      ? true
      : undefined,
  );
  const memory = (await vps.exec("awk '/^MemTotal/ { print $2 }' /proc/meminfo")).trim();
  expect(await value("node_memory_MemTotal_bytes")).toBe(Number(memory) * 1024);
  const network = (await vps.exec("ls /sys/class/net")).split(/\s+/);
  for (const { metric } of await ask("node_network_receive_bytes_total")) {
    expect(network).toContain(metric["device"]);
  }
  expect(await ask('node_systemd_unit_state{name="ssh.service",state="active"} == 1')).toHaveLength(1);
  expect(await ask("node_scrape_collector_success == 0")).toEqual([]);
  const names = (await vps.exec("docker ps --format '{{.Names}}'")).trim().split("\n").sort();
  const containers = await until("every container is seen", async () => {
    const seen = (await ask("container_memory_working_set_bytes > 0")).map(({ metric }) => metric["name"]);
    return names.every((name) => seen.includes(name)) ? seen : undefined;
  });
  expect(containers.length).toBeGreaterThan(10);
  const bridge = '{container_label_com_docker_swarm_service_name="hypha-observe-bridge"}';
  expect(await value(`container_spec_memory_limit_bytes${bridge}`)).toBe(128 * 1024 * 1024);
  expect(await value(`container_cpu_usage_seconds_total${bridge}`)).toBeGreaterThan(0);
  expect(await value('pg_up{job="postgres"}')).toBe(1);
  expect(await value('pg_stat_database_numbackends{datname="synapse"}')).toBeGreaterThan(0);
  expect(await value('hypha_bridge_up{job="bridge"}')).toBe(1);
  expect(await value('hypha_mycelium_up{job="mycelium"}')).toBe(1);
  expect(await value('hypha_mycelium_peers{job="mycelium",state="alive"}')).toBe(0);
  expect(await value('min(probe_ssl_earliest_cert_expiry{job="blackbox-tls"}) - time()')).toBeGreaterThan(
    80 * 24 * 3600,
  );
});

test("a visitor's requests are counted by status and upstream, with how long they took", async () => {
  const count =
    'sum(nginx_http_response_count_total{status="200",upstream="hypha-observe-gateway:8080"}) or vector(0)';
  const before = await value(count);
  for (let n = 0; n < 30; n++) await siteRequest(site, "/api/rooms/list");
  await until("the requests are counted", async () =>
    (await value(count)) >= before + 30 ? true : undefined,
  );
  expect(
    await value('sum(nginx_http_response_time_seconds_count{upstream="hypha-observe-gateway:8080"})'),
  ).toBeGreaterThanOrEqual(30);
});

test("no port of the server is open for it", async () => {
  const scan = ["-n", "-Pn", "-p-", "--min-rate=8000", "--max-retries=1", "-T5", "-oG", "-"];
  const { output } = await must("nmap", [...scan, vps.address]);
  const open = [...output.matchAll(/(\d+)\/open\/tcp/g)].map(([, one]) => Number(one));
  expect(open).toEqual([22, 80, 443, 9651]);
});

test("a second up changes nothing", async () => {
  expect(await up("again")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("the watchdog is heard, and no fault is seen while all is well", async () => {
  await until("the watchdog is heard", () =>
    Promise.resolve(told.find(({ path: at }) => at === "/watchdog")),
  );
  // A busy machine under the lab may be short of CPU, memory or disk, and the sample node has no peers: all that is true.
  const faults =
    "(Host|Target|Postgres|Nginx|Bridge|Mycelium)Down|ProbeFailed|Certificate.+|Prometheus.+|Alertmanager.+";
  const firing = (await ask(`ALERTS{alertstate="firing",alertname=~"${faults}|Watchdog"}`)).map(
    ({ metric }) => metric["alertname"],
  );
  expect(firing).toEqual(["Watchdog"]);
});

test("a database that is down is told to whoever is on duty, and is well again afterwards", async () => {
  await vps.exec("docker service scale --detach hypha-observe-postgres=0");
  const alarm = await until(
    "the alert arrives",
    () =>
      Promise.resolve(
        told
          .filter(({ path: at }) => at === "/ops")
          .flatMap(({ alerts }) => alerts)
          .find(({ labels }) => labels["alertname"] === "PostgresDown"),
      ),
    600,
  );
  expect(alarm).toMatchObject({
    status: "firing",
    labels: { severity: "critical", stack: "observe", host: "web1", service: "postgres-exporter" },
  });
  await vps.exec("docker service scale --detach hypha-observe-postgres=1");
  await until("the alert is over", async () =>
    (await ask('ALERTS{alertname="PostgresDown",alertstate="firing"}')).length === 0 ? true : undefined,
  );
});

test("destroy leaves the data and the figures, and nothing else of it", async () => {
  const run = await stack.destroy();
  expect(run.code === 0 ? "" : run.output.slice(-6000)).toBe("");
  const volumes = (await vps.exec("docker volume ls -q")).trim().split("\n").sort();
  expect(volumes).toEqual(
    ["alertmanager-data", "homeserver-media", "postgres-data", "prometheus-data"].map(
      (role) => `hypha-observe-${role}`,
    ),
  );
  const left = await vps.exec(
    "ls -d /var/lib/hypha/metrics /etc/systemd/system/hypha-mycelium* 2>/dev/null || true",
  );
  expect(left.trim()).toBe("");
});
