import * as path from "path";
import { Site, siteRequest } from "../../ops/lib/site";
import { LabVps, unhardened } from "./support/lab";
import { Poller } from "./support/poller";
import { countChanges, expectSuccess, keep, Run, Stack } from "./support/stack";

/**
 * New versions of the gateway as sets of their own, blue-green and canary, while people use it: good ones, and ones that
 * are healthy and fail. The tests are one story in order.
 */
const vps = new LabVps(65);
const stack = new Stack("strategy");
const page = "/api/rooms/list";
let site: Site;

const blueGreen = { kind: "blue-green", confirmSeconds: 5 };
const canary = { kind: "canary", percent: 50, seconds: 8, confirmSeconds: 5 };

/** Deploys the gateway with this environment; goes on after a failure, as `make up` does. */
async function release(name: string, env: object, strategy: object): Promise<Run> {
  stack.env["PULUMI_CONTINUE_ON_ERROR"] = "true";
  stack.configure({
    hosts: {
      vps65: await vps.host({ hardening: unhardened }),
    },
    edge: { domain: "strategy.test" },
    chat: {
      postgres: { keepData: false },
      gateway: {
        source: { kind: "artifacts", path: path.join(__dirname, "fixtures", "strategy") },
        env: { VERSION: name, ...env },
        strategy,
      },
    },
  });
  const run = await stack.up();
  keep(`strategy-${name}.txt`, run.output);
  return run;
}

/** What twenty people saw meanwhile: of which version the answers were, and of whose; what failed. */
async function whileUsed(path: string, action: () => Promise<Run>) {
  const versions = new Set<string>();
  const answers: { person: string; version: string }[] = [];
  let asked = 0;
  const poller = new Poller(async () => {
    const userAgent = `person-${asked++ % 20}`;
    const { status, body } = await siteRequest(site, path, { headers: { "User-Agent": userAgent } });
    const version = /"version":"(\w+)"/.exec(body)?.[1] ?? "none";
    versions.add(version);
    answers.push({ person: userAgent, version });
    return status === 200 ? undefined : `${status} ${body}`;
  }, 20);
  const run = await action();
  return { run, ...(await poller.stop()), versions: [...versions], answers };
}

const sets = async (): Promise<string[]> =>
  (await vps.exec("docker service ls --filter label=hypha.workload=gateway --format '{{.Name}}'"))
    .split("\n")
    .filter((name) => name !== "");
const routes = () => vps.exec("cat /etc/hypha/edge/strategy/gateway.conf");

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await stack.init();
});

afterAll(async () => {
  await stack.destroy();
  await vps.down();
  stack.remove();
});

test("a first deployment has one set, which has all requests", async () => {
  expectSuccess(await release("one", {}, blueGreen));
  site = await stack.site();
  const [only = "", ...others] = await sets();
  expect(others).toEqual([]);
  expect(only).toMatch(/^hypha-strategy-gateway-service-[0-9a-f]{7}$/);
  expect(await routes()).toContain(`default ${only}:8080;`);
});

test("blue-green: all requests go from the old set to the new one, none fails, and the old set goes", async () => {
  const [old] = await sets();
  const seen = await whileUsed(page, () => release("two", {}, blueGreen));
  expectSuccess(seen.run);
  expect(seen.failures).toEqual([]);
  expect(seen.requests).toBeGreaterThan(50);
  expect(seen.versions).toEqual(["one", "two"]);
  expect(await sets()).toHaveLength(1);
  expect(await sets()).not.toContain(old);
});

test("canary: half of the people meet the new set first and stay with it; none of their requests fails", async () => {
  const seen = await whileUsed(page, () => release("three", {}, canary));
  expectSuccess(seen.run);
  expect(seen.failures).toEqual([]);
  expect(seen.versions).toEqual(["two", "three"]);
  const first = seen.answers.findIndex(({ version }) => version === "three");
  const since = seen.answers.slice(first);
  expect(since.filter(({ version }) => version === "two").length).toBeGreaterThan(10);
  const moved = new Set<string>();
  for (const { person, version } of since) {
    if (version === "three") moved.add(person);
    else expect(moved).not.toContain(person);
  }
  expect(seen.run.output).toMatch(/gateway: \S+-gateway-service-\w+ with 50 % of the clients, for 8 s/);
  expect(seen.run.output).toMatch(/gateway: [1-9]\d* requests, nothing wrong/);
  expect(await sets()).toHaveLength(1);
});

test("a version that is healthy and fails through the edge gets no request; the old set goes on, and up fails", async () => {
  const [old] = await sets();
  const seen = await whileUsed(page, () => release("broken", { FAULT: "list" }, canary));
  expect(seen.run.code).not.toBe(0);
  expect(seen.run.output).toMatch(
    /gateway: the new set \S+-gateway-service-\w+ was refused before it was given requests: \/api\/rooms\/list is answered with HTTP\/1\.1 500 Internal Server Error, \{"success":false\}; all requests are with \S+-gateway-service-\w+ again/,
  );
  expect(seen.failures).toEqual([]);
  expect(seen.versions).toEqual(["three"]);
  expect(await sets()).toContain(old);
  expect(await routes()).toContain(`confirmed ${old}:8080`);
});

test("one that fails elsewhere is refused by its requests; the set that serves outlives a second failure", async () => {
  const other = "/api/rooms/other";
  let failed = 0;
  const others = new Poller(async () => {
    const { status } = await siteRequest(site, other, {
      headers: { "User-Agent": `person-${Math.random()}` },
    });
    failed += status === 500 ? 1 : 0;
    return undefined;
  }, 20);
  const seen = await whileUsed(page, () => release("worse", { FAULT: "others" }, canary));
  await others.stop();
  expect(seen.run.code).not.toBe(0);
  expect(seen.run.output).toMatch(
    /was refused with 50 % of the clients: \d+ of \d+ requests ended with 500 or above, and 5 % may; all requests/,
  );
  expect(seen.run.output).toMatch(
    /its last bad answers .*\n(.*\n)?.*500 [\d.]+ GET \/api\/rooms\/other HTTP\/1\.1/,
  );
  expect(failed).toBeGreaterThan(0);
  expect(seen.failures).toEqual([]);
  expect((await siteRequest(site, page)).body).toContain('"version":"three"');
  expect(await sets()).toHaveLength(3);
});

test("the next good version is confirmed, and what was refused goes", async () => {
  const seen = await whileUsed(page, () => release("four", {}, blueGreen));
  expectSuccess(seen.run);
  expect(seen.failures).toEqual([]);
  expect(seen.versions).toEqual(["three", "four"]);
  expect(await sets()).toHaveLength(1);
});

test("an up that changes nothing changes nothing", async () => {
  const before = [await sets(), await routes()];
  const run = await release("four", {}, blueGreen);
  expectSuccess(run);
  expect(countChanges(run.output)).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  expect([await sets(), await routes()]).toEqual(before);
  const status = await stack.tool("status").ended;
  keep("strategy-status.txt", status.output);
  expectSuccess(status);
  expect(status.output).toMatch(/^hypha-strategy-gateway-service-\w+ +1\/1 .* as wanted +healthy .* ok$/m);
});

test("a strategy that is changed takes with it what the one before had running", async () => {
  const running = async () =>
    (
      await vps.exec(
        "docker service ls --filter name=hypha-strategy-gateway --format '{{.Name}} {{.Replicas}}'",
      )
    )
      .trim()
      .split("\n");
  for (const [version, strategy, only] of [
    ["five", { kind: "rolling" }, /^hypha-strategy-gateway 1\/1$/],
    ["six", blueGreen, /^hypha-strategy-gateway-service-\w+ 1\/1$/],
  ] as const) {
    expectSuccess(await release(version, {}, strategy));
    expect(await running()).toEqual([expect.stringMatching(only)]);
    expect((await siteRequest(site, page)).body).toContain(`"version":"${version}"`);
  }
});

test("destroy leaves nothing", async () => {
  expectSuccess(await stack.destroy());
  const left = [
    "docker info --format '{{.Swarm.LocalNodeState}}'",
    "docker ps -aq; docker volume ls -q; docker image ls -q; docker network ls -q --filter label=hypha.stack",
    "ls /etc/hypha 2>/dev/null || true",
  ];
  expect(await vps.exec(left.join("; "))).toBe("inactive\n");
});
