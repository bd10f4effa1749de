import * as fs from "fs";
import * as path from "path";
import { Site, siteRequest } from "../../ops/lib/site";
import { bridgesConnected, siteConnected } from "./support/bridge";
import { LabVps } from "./support/lab";
import { Poller, until } from "./support/poller";
import { countChanges, must, projectRoot, Run, Stack, start, untilOutput } from "./support/stack";

/**
 * The chat on a fleet: a host with the data, one with the edge, others with the applications. The tests are one story
 * in order: each finds what the one before has left.
 */
const kept = path.join(projectRoot, "build", "e2e");
const servers = {
  db: { vps: new LabVps(20), roles: ["manager", "data"] },
  web: { vps: new LabVps(21), roles: ["edge", "app"] },
  app1: { vps: new LabVps(22), roles: ["app"] },
  app2: { vps: new LabVps(23), roles: ["app"] },
};
type Name = keyof typeof servers;
const three: Name[] = ["db", "web", "app1"];
const node = process.env["HYPHA_MYCELIUM"];
const stack = new Stack("fleet");
const entries = new Map<Name, object>();
let site: Site;

async function configure(names: Name[], greeting = "hello"): Promise<void> {
  for (const name of names) {
    if (entries.has(name)) continue;
    const { vps, roles } = servers[name];
    entries.set(name, {
      kind: "vps",
      address: vps.address,
      hostKey: await vps.hostKey(),
      identity: { keyFile: await LabVps.keyFile() },
      minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      roles,
    });
  }
  stack.configure({
    hosts: Object.fromEntries(names.map((name) => [name, entries.get(name)])),
    edge: { domain: "fleet.test" },
    chat: {
      bridge: { replicas: 2, env: { GREETING: greeting } },
      gateway: { replicas: 2 },
      frontend: { replicas: 2 },
    },
    images: {},
    // Real nodes where their program is given; an interface needs more than a lab server has.
    mycelium: { source: node === undefined ? { kind: "sample" } : { kind: "file", path: node }, tun: false },
  });
}

function keep(name: string, text: string): void {
  fs.mkdirSync(kept, { recursive: true });
  fs.writeFileSync(path.join(kept, `fleet-${name}.txt`), text);
}

async function up(name: string): Promise<ReturnType<typeof countChanges>> {
  const run = await stack.up();
  keep(name, run.output);
  if (run.code !== 0) {
    throw new Error(`up ended with ${run.code ?? run.signal}:\n${run.output.slice(-8000)}`);
  }
  return countChanges(run.output);
}

/** What `docker …` prints on the manager. */
const ask = async (command: string): Promise<string> =>
  (await servers.db.vps.exec(`docker ${command}`)).trim();

async function readyNodes(): Promise<string[]> {
  const rows = await ask("node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}'");
  return rows
    .split("\n")
    .filter((row) => row.endsWith(" Ready Active"))
    .map((row) => row.split(" ")[0] ?? "")
    .sort();
}

/** The nodes where a service's containers run. */
async function nodesOf(service: string): Promise<string[]> {
  const rows = await ask(
    `service ps hypha-fleet-${service} --filter desired-state=running --format '{{.Node}} {{.CurrentState}}'`,
  );
  return rows
    .split("\n")
    .filter((row) => row.includes(" Running"))
    .map((row) => row.split(" ")[0] ?? "")
    .sort();
}

const rooms = async (): Promise<string | undefined> => {
  const response = await siteRequest(site, "/api/rooms/list", { timeoutSeconds: 10 });
  return response.status === 200 && response.body.includes('"success":true')
    ? undefined
    : `${response.status} ${response.body.slice(0, 100)}`;
};

const smoke = (): Promise<Run> => must("tsx", ["ops/smoke.ts"], { env: { ...stack.env, STACK: stack.name } });

const logins = (names: Name[]): Promise<number[]> =>
  Promise.all(names.map((name) => servers[name].vps.logins()));

const bridgesOn = (name: Name): Promise<boolean[]> =>
  bridgesConnected(servers[name].vps, "hypha-fleet-bridge");

beforeAll(async () => {
  await Promise.all(three.map((name) => servers[name].vps.boot({ ENGINE: "preinstalled" })));
  await stack.init();
});

afterAll(async () => {
  await Promise.all(Object.values(servers).map(({ vps }) => vps.down()));
  stack.remove();
});

test("three hosts become the chat, although interrupted at five points", async () => {
  await configure(three);
  for (const [signal, moment] of [
    ["SIGKILL", /preflight (creating|created)/],
    ["SIGINT", /hardening-apply created/],
    ["SIGKILL", /cluster-node-app1 creating/],
    ["SIGKILL", /bridge-image-build creating/],
    ["SIGINT", /postgres-service creating/],
  ] as const) {
    const running = stack.startUp();
    await untilOutput(running.output, moment);
    if (running.process.pid !== undefined) process.kill(-running.process.pid, signal);
    const { code } = await running.ended;
    expect(code).not.toBe(0);
    if (signal === "SIGKILL") await stack.cancel();
  }
  await up("after-interruptions");
  const outputs = await stack.outputs();
  site = {
    url: String(outputs["url"]),
    address: String((outputs["siteAddresses"] as string[])[0]),
    authority: String(outputs["certificateAuthority"]),
  };
  expect(site.address).toBe(servers.web.vps.address);
  expect(await readyNodes()).toEqual(["vps20", "vps21", "vps22"]);
  const { output } = await smoke();
  expect(output.match(/^ok /gm)).toHaveLength(6);
});

test("replicas are on every host of their role, the database where its data are", async () => {
  expect(await nodesOf("postgres")).toEqual(["vps20"]);
  expect(await nodesOf("edge")).toEqual(["vps21"]);
  for (const part of ["bridge", "gateway", "frontend"]) {
    expect([part, await nodesOf(part)]).toEqual([part, ["vps21", "vps22"]]);
  }
});

test("each bridge reaches the Mycelium node of its own host, and nothing else there does", async () => {
  const hosts = [servers.web.vps, servers.app1.vps];
  expect(await siteConnected(site)).toEqual(new Set([true]));
  for (const vps of hosts) {
    const mounted =
      "docker ps -q | xargs docker inspect --format '{{.Name}}{{range .Mounts}} {{.Source}}{{end}}'";
    const holders = (await vps.exec(mounted)).split("\n").filter((line) => line.includes("/run/hypha"));
    expect(holders).toEqual([expect.stringMatching(/^\/hypha-fleet-bridge\S+ \/run\/hypha\/mycelium *$/)]);
    const gateway = "$(docker ps -q --filter name=hypha-fleet-gateway)";
    const neighbour = await vps.startExec(
      `docker exec ${gateway} bash -c ': </dev/tcp/hypha-fleet-bridge/8081; : </dev/tcp/hypha-fleet-bridge/8989'`,
    );
    expect(neighbour.output).toMatch(/8989: Connection refused/);
    expect(neighbour.output).not.toContain("8081:");
  }
  await Promise.all(hosts.map((vps) => vps.exec("systemctl stop mycelium")));
  expect(await siteConnected(site)).toEqual(new Set([false]));
  await servers.web.vps.exec("systemctl start mycelium");
  // Each has its own.
  await until("the bridge of web has its node again", async () => String(await bridgesOn("web")) === "true");
  expect(await bridgesOn("app1")).toEqual([false]);
  await servers.app1.vps.exec("systemctl start mycelium");
  await until("that of app1 too", async () => String(await bridgesOn("app1")) === "true");
});

test("a second up changes nothing and opens no session on any host", async () => {
  const before = await logins(three);
  expect(await up("no-op")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  expect(await logins(three)).toEqual(before);
});

test("the doctor finds every host as the stack would have it, and names the one that is not", async () => {
  const doctor = () => start("tsx", ["ops/doctor.ts"], { env: { ...stack.env, STACK: stack.name } }).ended;
  const healthy = await doctor();
  keep("doctor", healthy.output);
  expect(healthy.code === 0 ? "" : healthy.output).toBe("");
  await servers.app1.vps.exec("systemctl stop fail2ban");
  const ill = await doctor();
  keep("doctor-drift", ill.output);
  expect(ill.code).toBe(1);
  expect(ill.output).toMatch(/app1[^]*fail2ban/);
  await servers.app1.vps.exec("systemctl start fail2ban");
  expect((await doctor()).code).toBe(0);
});

test("from another host only the declared ports are open", async () => {
  const seen = await Promise.all(three.map((name) => servers[name].vps.openPorts()));
  expect(seen.map(String)).toEqual(["22,9651", "22,80,443,9651", "22,9651"]);
});

test("a fourth host joins; the others learn its address, no service is touched, no request fails", async () => {
  await servers.app2.vps.boot({ ENGINE: "preinstalled" });
  await configure([...three, "app2"]);
  const services = () =>
    ask("service inspect $(docker service ls -q) --format '{{.Spec.Name}} {{.Version.Index}}'");
  const before = await services();
  const poller = new Poller(rooms);
  const changes = await up("add");
  expect((await poller.stop()).failures).toEqual([]);
  expect(changes).toMatchObject({ deleted: 0, replaced: 0 });
  expect(await services()).toBe(before);
  expect(await readyNodes()).toEqual(["vps20", "vps21", "vps22", "vps23"]);
});

test("a host that is removed is drained, leaves the swarm and keeps nothing of the stack", async () => {
  await configure(["db", "web", "app2"]);
  const run = await stack.up();
  keep("remove", run.output);
  expect(run.code === 0 ? "" : run.output.slice(-6000)).toBe("");
  expect(run.output).toContain("app1: draining the node");
  expect(await readyNodes()).toEqual(["vps20", "vps21", "vps23"]);
  expect((await servers.app1.vps.exec("docker info --format '{{.Swarm.LocalNodeState}}'")).trim()).toBe(
    "inactive",
  );
  const left = await servers.app1.vps.exec(
    "docker ps -aq; docker volume ls -q; docker network ls -q --filter label=hypha.stack",
  );
  expect(left.trim()).toBe("");
  await until(
    "two bridges on the other hosts",
    async () => (await nodesOf("bridge")).join() === "vps21,vps23",
  );
  expect(await rooms()).toBeUndefined();
});

test("the host with the data stays, whatever the configuration says", async () => {
  const { roles } = servers.db;
  entries.set("db", { ...entries.get("db"), roles: ["manager"] });
  entries.set("web", { ...entries.get("web"), roles: ["edge", "app", "data"] });
  await configure(["db", "web", "app2"]);
  const run = await stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("the data of stack fleet are on host db");
  expect(run.output).toContain("hypha:cluster.abandonDataOn");
  entries.set("db", { ...entries.get("db"), roles });
  entries.set("web", { ...entries.get("web"), roles: servers.web.roles });
  await configure(["db", "web", "app2"]);
  await up("data-again");
  expect(await rooms()).toBeUndefined();
});

test("a host that reboots comes back by itself, and nothing is to be done", async () => {
  await must("docker", ["restart", "vps23"]);
  await until("vps23 is ready", async () => (await readyNodes()).includes("vps23"));
  await until("a bridge runs there again", async () => (await nodesOf("bridge")).length === 2);
  // Wherever they went meanwhile.
  await until("every bridge has its node", async () => String([...(await siteConnected(site))]) === "true");
  expect(await up("after-reboot")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  const { output } = await smoke();
  expect(output.match(/^ok /gm)).toHaveLength(6);
});

test("a host that is cut off fails the update by its name, the site answers; once it is back the next up finishes", async () => {
  entries.set("app2", { ...entries.get("app2"), hardening: { journald: { maxMiB: 300 } } });
  await configure(["db", "web", "app2"], "changed");
  await must("docker", ["network", "disconnect", "lab", "vps23"]);
  let cut: Run;
  try {
    cut = await stack.up("--continue-on-error");
    keep("cut-off", cut.output);
    expect(await rooms()).toBeUndefined();
  } finally {
    await must("docker", ["network", "connect", "--ip", servers.app2.vps.address, "lab", "vps23"]);
  }
  expect(cut.code).not.toBe(0);
  expect(cut.output).toMatch(/app2.*(timeout|timed out|no route|unreachable|connection)/i);
  await until("vps23 is ready", async () => (await readyNodes()).includes("vps23"));
  await up("after-cut-off");
  await until("a bridge there has its node", async () => (await bridgesOn("app2")).includes(true));
  expect(await up("after-cut-off-again")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("destroy takes every host out of the swarm and leaves the data", async () => {
  const run = await stack.destroy();
  keep("destroy", run.output);
  expect(run.code === 0 ? "" : run.output.slice(-6000)).toBe("");
  for (const name of ["db", "web", "app2"] as const) {
    const { vps } = servers[name];
    expect((await vps.exec("docker info --format '{{.Swarm.LocalNodeState}}'")).trim()).toBe("inactive");
    const volumes = (await vps.exec("docker volume ls -q")).trim().split("\n").filter(Boolean).sort();
    expect(volumes).toEqual(
      name === "db" ? ["hypha-fleet-homeserver-media", "hypha-fleet-postgres-data"] : [],
    );
  }
});
