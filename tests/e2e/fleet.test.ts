import { parseConfig } from "../../components/config/load";
import { reach } from "../../ops/lib/reach";
import { Site, siteRequest } from "../../ops/lib/site";
import {
  Name,
  ask,
  change,
  configure,
  forget,
  goesFirst,
  keep,
  leaders,
  logins,
  managers,
  nodesOf,
  openPorts,
  readyNodes,
  servers,
  settings,
  smoke,
  stack,
  three,
  tool,
  up,
} from "./support/fleet";
import { Poller } from "./support/poller";
import { expectSuccess, signalGroup, siteOf, until, untilOutput } from "./support/stack";

/**
 * The chat on a fleet: a host with the data, others with an edge and the applications, three managers among them; the
 * first of these dies. The tests are one story in order: each finds what the one before has left.
 */
let site: Site;

const rooms = async (edge: Name = "web"): Promise<string | undefined> => {
  const at = { ...site, address: servers[edge].vps.address };
  const response = await siteRequest(at, "/api/rooms/list", { timeoutSeconds: 10 });
  return response.status === 200 && response.body.includes('"success":true')
    ? undefined
    : `${response.status} ${response.body.slice(0, 100)}`;
};

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
    signalGroup(running, signal);
    const { code } = await running.ended;
    expect(code).not.toBe(0);
    if (signal === "SIGKILL") await stack.cancel();
  }
  await up("after-interruptions");
  const outputs = await stack.outputs();
  site = siteOf(outputs);
  expect(outputs["siteAddresses"]).toEqual([servers.web.vps.address, servers.app1.vps.address]);
  expect(await readyNodes()).toEqual(["vps20", "vps21", "vps22"]);
  const { output } = await smoke();
  expect(output.match(/^ok /gm)).toHaveLength(12);
});

test("replicas are on every host of their role, the database where its data are", async () => {
  expect(await nodesOf("postgres")).toEqual(["vps20"]);
  expect(await nodesOf("edge")).toEqual(["vps21", "vps22"]);
  for (const part of ["bridge", "gateway", "frontend"]) {
    expect([part, await nodesOf(part)]).toEqual([part, ["vps21", "vps22"]]);
  }
});

test("the managers agree on a leader, and every edge answers with the stack's certificate", async () => {
  const all = await managers();
  expect(all.map((row) => row.split(" ")[0])).toEqual(["vps20", "vps21", "vps22"]);
  expect(all.filter((row) => / (Leader|Reachable)$/.test(row))).toHaveLength(3);
  expect(leaders(all)).toHaveLength(1);
  expect(await rooms("web")).toBeUndefined();
  expect(await rooms("app1")).toBeUndefined();
});

test("a second up changes nothing and opens no session on any host", async () => {
  const before = await logins(three);
  expect(await up("no-op")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  expect(await logins(three)).toEqual(before);
});

test("the doctor finds every host as the stack would have it, and names the one that is not", async () => {
  const doctor = () => tool("doctor");
  const healthy = await doctor();
  keep("doctor", healthy.output);
  expectSuccess(healthy);
  await servers.app1.vps.exec("systemctl stop fail2ban");
  const ill = await doctor();
  keep("doctor-drift", ill.output);
  expect(ill.code).toBe(1);
  expect(ill.output).toMatch(/app1[^]*fail2ban/);
  await servers.app1.vps.exec("systemctl start fail2ban");
  expectSuccess(await doctor());
});

test("from another host only the declared ports are open", async () => {
  const seen = await Promise.all(three.map((name) => openPorts(servers[name].vps)));
  expect(seen).toEqual([[22], [22, 80, 443], [22, 80, 443]]);
});

test("a fourth host joins; the others learn its address, no service is touched, no request fails", async () => {
  await servers.app2.vps.boot({ ENGINE: "preinstalled" });
  await configure([...three, "app2"]);
  const services = () =>
    ask("service inspect $(docker service ls -q) --format '{{.Spec.Name}} {{.Version.Index}}'");
  const before = await services();
  const poller = new Poller(() => rooms());
  const changes = await up("add");
  expect((await poller.stop()).failures).toEqual([]);
  expect(changes).toMatchObject({ deleted: 0, replaced: 0 });
  expect(await services()).toBe(before);
  expect(await readyNodes()).toEqual(["vps20", "vps21", "vps22", "vps23"]);
});

test("the first manager dies: the site answers, the tools find another manager and name the dead one", async () => {
  await configure(["db", "web", "app2"]);
  const alive = await forget("app1");
  expect([alive.code, alive.output]).toEqual([2, expect.stringContaining("app1 still answers at") as string]);
  await servers.app1.vps.down();
  await until("the swarm has missed it", async () =>
    (await ask("node ls --format '{{.Hostname}} {{.Status}}'")).includes("vps22 Down"),
  );
  expect(await rooms()).toBeUndefined();
  const status = await tool("status");
  keep("status-without-first", status.output);
  expect(status.code).toBe(1);
  expect(status.output).toMatch(/warning: host app1 .*no route|warning: host app1 .*timed out/i);
  expect(status.output).toMatch(/^app1 +down +unreachable +NOT AS WANTED$/m);
  const { hosts } = parseConfig(settings(three, "hello"));
  const unreachable = (await reach(hosts)).filter(({ problem }) => problem !== undefined);
  expect(unreachable.map(({ host }) => host)).toEqual(["app1"]);
});

test("it is forgotten, and the next up goes on with another first manager without dialling it", async () => {
  await configure(three);
  const wanted = await forget("app1");
  expect([wanted.code, wanted.output]).toEqual([
    2,
    expect.stringContaining("app1 is under hypha:hosts") as string,
  ]);
  goesFirst("db");
  change("app2", { roles: ["edge", "app"] });
  await configure(["db", "web", "app2"]);
  const forgotten = await forget("app1");
  keep("forget", forgotten.output);
  expectSuccess(forgotten);
  expect(forgotten.output).toMatch(/app1: taken out of the swarm by (db|web)/);
  expect(forgotten.output).toMatch(/without being dialled .*app1-hardening-apply/);
  const again = await forget("app1");
  expectSuccess(again);
  expect(again.output).toContain("app1: no node of the swarm");
  expect(again.output).toContain("app1: the state has nothing of it");
  await up("forgotten");
  expect(await readyNodes()).toEqual(["vps20", "vps21", "vps23"]);
  const all = await managers();
  expect(all.map((row) => row.split(" ")[0])).toEqual(["vps20", "vps21"]);
  expect(leaders(all)).toHaveLength(1);
  await until(
    "two bridges, one on each host",
    async () => (await nodesOf("bridge")).join() === "vps21,vps23",
  );
  await until("an edge on each host", async () => (await nodesOf("edge")).join() === "vps21,vps23");
  await until("the new edge answers", async () => (await rooms("app2")) === undefined);
  await until("nothing is amiss", async () => (await tool("status")).code === 0);
  expectSuccess(await forget("app1"));
});

test("the host with the data stays, whatever the configuration says", async () => {
  const { roles } = servers.db;
  change("db", { roles: ["manager"] });
  change("web", { roles: ["manager", "edge", "app", "data"] });
  await configure(["db", "web", "app2"]);
  const run = await stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("the data of stack fleet are on host db");
  expect(run.output).toContain("hypha:cluster.abandonDataOn");
  change("db", { roles: roles });
  change("web", { roles: servers.web.roles });
  await configure(["db", "web", "app2"]);
  await up("data-again");
  expect(await rooms()).toBeUndefined();
});

test("a host that reboots comes back by itself, and nothing is to be done", async () => {
  await servers.app2.vps.restart();
  await until("vps23 is ready", async () => (await readyNodes()).includes("vps23"));
  await until("a bridge runs there again", async () => (await nodesOf("bridge")).length === 2);
  expect(await up("after-reboot")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  await until("its edge answers, too", async () => (await smoke()).output.match(/^ok /gm)?.length === 12);
});

test("a host that is cut off fails the update by its name, the site answers; once it is back the next up finishes", async () => {
  change("app2", { hardening: { journald: { maxMiB: 300 } } });
  await configure(["db", "web", "app2"], "changed");
  const cut = await servers.app2.vps.cutOff(async () => {
    const run = await stack.up("--continue-on-error");
    keep("cut-off", run.output);
    expect(await rooms()).toBeUndefined();
    const status = await tool("status");
    expect([status.code, status.output]).toEqual([1, expect.stringMatching(/^app2 +down/m) as string]);
    const cutOff = await forget("app2");
    expect([cutOff.code, cutOff.output]).toEqual([
      2,
      expect.stringContaining("is under hypha:hosts") as string,
    ]);
    return run;
  });
  expect(cut.code).not.toBe(0);
  expect(cut.output).toMatch(/app2.*(timeout|timed out|no route|unreachable|connection)/i);
  await until("vps23 is ready", async () => (await readyNodes()).includes("vps23"));
  await up("after-cut-off");
});

test("a host is lost while a service is rolled over it: no request fails, and once it is back the next up finishes", async () => {
  await configure(["db", "web", "app2"], "rolled");
  const poller = new Poller(() => rooms());
  const running = stack.startUp("--continue-on-error");
  await untilOutput(running.output, /bridge-service updating/);
  const lost = await servers.app2.vps.cutOff(() => running.ended);
  keep("lost", lost.output);
  await until("vps23 is ready", async () => (await readyNodes()).includes("vps23"));
  await up("after-lost");
  expect((await poller.stop()).failures).toEqual([]);
  expect(await up("after-lost-again")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("one host is no manager any more and another is removed, in one up: that one is drained, leaves, keeps nothing of the stack", async () => {
  change("web", { roles: ["edge", "app"] });
  await configure(["db", "web"]);
  const run = await stack.up();
  keep("remove", run.output);
  expectSuccess(run);
  expect(run.output).toContain("app2: draining the node");
  expect(await readyNodes()).toEqual(["vps20", "vps21"]);
  expect(await managers()).toEqual(["vps20 Leader"]);
  expect((await servers.app2.vps.exec("docker info --format '{{.Swarm.LocalNodeState}}'")).trim()).toBe(
    "inactive",
  );
  const left = await servers.app2.vps.exec(
    "docker ps -aq; docker volume ls -q; docker network ls -q --filter label=hypha.stack",
  );
  expect(left.trim()).toBe("");
  await until(
    "two bridges on the other host",
    async () => (await nodesOf("bridge")).join() === "vps21,vps21",
  );
  expect(await rooms()).toBeUndefined();
});

test("destroy takes every host out of the swarm and leaves the data", async () => {
  const run = await stack.destroy();
  keep("destroy", run.output);
  expectSuccess(run);
  for (const name of ["db", "web"] as const) {
    const { vps } = servers[name];
    expect((await vps.exec("docker info --format '{{.Swarm.LocalNodeState}}'")).trim()).toBe("inactive");
    const volumes = (await vps.exec("docker volume ls -q")).trim().split("\n").filter(Boolean).sort();
    expect(volumes).toEqual(
      name === "db" ? ["hypha-fleet-homeserver-media", "hypha-fleet-postgres-data"] : [],
    );
  }
});
