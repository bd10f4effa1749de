import * as path from "path";
import { LabVps, unhardened } from "./support/lab";
import { expectSuccess, keep, Running, signalGroup, Stack, until, untilOutput } from "./support/stack";

/**
 * Services that take all of their time to end, one on the manager and one on another host, each with a volume of its own:
 * runs that are cut off, a network that is changed under them, and their end. The tests are one story in order.
 */
const servers = { vps90: new LabVps(90), vps91: new LabVps(91) };
const stack = new Stack("services", path.join(__dirname, "fixtures", "services"));
const both = ["hypha-services-here", "hypha-services-there"];
const nothing = { created: 0, updated: 0, deleted: 0, replaced: 0 };

async function configure(encrypted: boolean): Promise<void> {
  const host = (vps: LabVps, ...roles: string[]) => vps.host({ roles, hardening: unhardened });
  stack.configure({
    hosts: {
      vps90: await host(servers.vps90, "manager", "edge", "app"),
      vps91: await host(servers.vps91, "data"),
    },
    cluster: { encrypted },
    edge: { domain: "services.test" },
    chat: {},
    images: {},
  });
}

const ask = async (command: string) =>
  (await servers.vps90.exec(command))
    .split("\n")
    .filter((line) => line !== "")
    .sort();
const services = () => ask("docker service ls --format '{{.Name}} {{.Replicas}}'");
const running = both.map((name) => `${name} 1/1`);
const networks = () => ask("docker network ls --filter label=hypha.stack --format '{{.Name}}'");

/** What each server's volumes were refused to, which is whatever ran beside the one that had them. */
const refused = () =>
  Promise.all(
    Object.values(servers).map((vps) =>
      vps.exec("cat /var/lib/docker/volumes/hypha-services-*/_data/refused 2>/dev/null || true"),
    ),
  );

async function kill(run: Running): Promise<void> {
  signalGroup(run, "SIGKILL");
  expect((await run.ended).signal).toBe("SIGKILL");
  await stack.cancel();
}

beforeAll(async () => {
  await Promise.all(Object.values(servers).map((vps) => vps.boot({ ENGINE: "preinstalled" })));
  await Promise.all(Object.values(servers).map((vps) => vps.load("debian:bookworm-slim")));
  await stack.init();
  await configure(false);
});

afterAll(async () => {
  await Promise.all(Object.values(servers).map((vps) => vps.down()));
  stack.remove();
});

test("an up that is killed while a service starts is finished by the next, which makes the service anew", async () => {
  const run = stack.startUp();
  await until("the service is there", async () => (await services()).length > 0, 300);
  await kill(run);
  const next = await stack.up();
  keep("services-after-kill.txt", next.output);
  expectSuccess(next);
  expect(next.output).toMatch(/hypha-services-\w+ is there, left by a run that was cut off/);
  expect(await services()).toEqual(running);
});

test("a second up changes nothing", async () => {
  expect(await stack.deploy("services-again")).toMatchObject(nothing);
});

test("another network takes every service over, none of them beside its own successor", async () => {
  const before = await networks();
  expect(before).toEqual(["hypha-services-network"]);
  await configure(true);
  expect(await stack.deploy("services-encrypted")).toMatchObject({ created: 0, updated: 0, deleted: 0 });
  expect(await networks()).toEqual(["hypha-services-network-encrypted"]);
  expect(await services()).toEqual(running);
  expect(await refused()).toEqual(["", ""]);
  expect(await stack.deploy("services-encrypted-again")).toMatchObject(nothing);
});

test("what a destroy has left that was killed, the next up has running again", async () => {
  const run = stack.startDestroy();
  await untilOutput(run.output, /there-removal deleting/);
  await kill(run);
  await stack.deploy("services-after-destroy");
  expect(await services()).toEqual(running);
  expect(await refused()).toEqual(["", ""]);
});

test("destroy waits for what takes all of its time, on whatever host, and leaves nothing", async () => {
  const run = await stack.destroy();
  keep("services-destroy.txt", run.output);
  expectSuccess(run);
  for (const vps of Object.values(servers)) {
    expect(await vps.exec("docker ps --quiet; docker volume ls --quiet")).toBe("");
    expect(await vps.exec("docker info --format '{{.Swarm.LocalNodeState}}'")).toBe("inactive\n");
  }
});
