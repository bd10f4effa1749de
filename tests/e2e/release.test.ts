import * as fs from "fs";
import * as path from "path";
import { Site, siteRequest } from "../../ops/lib/site";
import { LabVps, unhardened } from "./support/lab";
import { Poller } from "./support/poller";
import { ReleaseCheckout, whatRuns } from "./support/releases";
import { expectSuccess, keep, must, Run, signalGroup, until, untilOutput } from "./support/stack";

/**
 * Deployments, one after another, of one stack on one server: the lock, the checks, the way back by hand and by itself.
 * The tests are one story in order.
 */
const vps = new LabVps(50);
const checkout = new ReleaseCheckout("release");
/** Built files of the frontend, as another program leaves them: always in one place. */
const page = path.join(checkout.env["HYPHA_DATA"] ?? "", "page");
const writePage = (text: string) => {
  fs.mkdirSync(page, { recursive: true });
  fs.writeFileSync(
    path.join(page, "index.html"),
    `<html><title>${text}</title><div id="root"></div></html>\n`,
  );
};
let site: Site;

async function configure(gatewayEnv: object, edge: object = {}): Promise<void> {
  checkout.configure({
    hosts: {
      vps50: await vps.host({ hardening: unhardened }),
    },
    edge: { domain: "release.test", ...edge },
    chat: {
      gateway: { env: gatewayEnv },
      frontend: { source: fs.existsSync(page) ? { kind: "artifacts", path: page } : { kind: "sample" } },
    },
  });
}

async function succeed(name: string, tool: string, args: string[]): Promise<Run> {
  const run = await checkout.run(tool, args);
  keep(`release-${name}.txt`, run.output);
  return expectSuccess(run, name);
}

const running = () => whatRuns(vps);

const rooms = async (): Promise<string | undefined> => {
  const response = await siteRequest(site, "/api/rooms/list", { timeoutSeconds: 10 });
  return response.status === 200 && response.body.includes('"success":true')
    ? undefined
    : String(response.status);
};

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
});

afterAll(async () => {
  await vps.down();
  checkout.remove();
});

/** The edge with a second name. Another edge is a moment without one: it has a port. */
const aliased = { aliases: ["other.test"] };

/** What ran in each version, from the first. */
const states: string[] = [];

test("a tree that differs from its commit is refused, before anything is made", async () => {
  await configure({ GREETING: "one" });
  checkout.commit("one");
  await checkout.init();
  fs.writeFileSync(path.join(checkout.directory, "left.txt"), "not committed\n");
  const run = await checkout.run("deploy", ["--yes"]);
  expect(run.code).toBe(1);
  expect(run.output).toMatch(/FAILED +git tree +differs from commit [0-9a-f]{12}: left\.txt/);
  expect(run.output).toContain("Nothing was changed: a check failed.");
  fs.rmSync(path.join(checkout.directory, "left.txt"));
});

test("four versions; while one is deployed a second operator is told whose turn it is", async () => {
  const first = checkout.start("deploy", ["--yes"]);
  await untilOutput(first.output, /release: up begins/);
  const second = await checkout.run("deploy", ["--yes"]);
  expect(second.code).toBe(2);
  expect(second.output).toMatch(
    /stack release is locked: up by \S+@\S+ \(process \d+\) since \S+Z, commit [0-9a-f]{12}/,
  );
  const run = await first.ended;
  keep(`release-one.txt`, run.output);
  expectSuccess(run);
  states.push(await running());
  for (const [greeting, edge] of [
    ["two", {}],
    ["three", aliased],
    ["four", aliased],
  ] as const) {
    writePage(greeting);
    await configure({ GREETING: greeting }, edge);
    checkout.commit(greeting);
    await succeed(greeting, "deploy", ["--yes"]);
    states.push(await running());
  }
  expect(new Set(states).size).toBe(4);
  site = await checkout.site();
});

test("three versions back, all that runs is byte for byte what ran then", async () => {
  const run = await succeed("redeploy", "redeploy", ["--version", "1", "--yes"]);
  expect(run.output).toMatch(/ok +images +all 6 are still on the hosts/);
  expect(await running()).toBe(states[0]);
  expect(checkout.git("worktree", "list").split("\n")).toHaveLength(1);
});

test("a version whose files are others now is put back from its images", async () => {
  const run = await succeed("redeploy-pinned", "redeploy", ["--version", "3", "--yes"]);
  expect(run.output).toMatch(/ok +images +all 6 are still on the hosts/);
  expect(await running()).toBe(states[2]);
  expect((await siteRequest(site, "/", { timeoutSeconds: 10 })).body).toContain("<title>three</title>");
});

test("one service goes back by itself: its definition is that of then, and all else is as before", async () => {
  const run = await succeed("service", "redeploy", ["--version", "2", "--service", "gateway", "--yes"]);
  expect(run.output).toContain("release: redeploy of gateway as in version 2 begins");
  const lines = (text: string) => text.split("\n");
  const gateway = (line: string) => line.startsWith("hypha-release-gateway ");
  expect(lines(await running()).filter(gateway)).toEqual(lines(states[1] ?? "").filter(gateway));
  const others = (text: string) => lines(text).filter((line) => !gateway(line));
  expect(others(await running())).toEqual(others(states[2] ?? ""));
  states.push(await running());
});

test("status shows what is wanted and runs, the last deployment, and that nobody deploys", async () => {
  const { output } = await succeed("status", "status", []);
  expect(output).toMatch(
    /^last deployment: version 7, back to version 2, \S+Z, by \S+@\S+, commit [0-9a-f]{12}: succeeded, its tests passed$/m,
  );
  expect(output).toMatch(/^lock: free$/m);
  expect(output).toMatch(
    /^hypha-release-gateway +1\/1 +vps50 +gateway:[0-9a-f]{12} [0-9a-f]{12} +as wanted +healthy +\S+Z +ok$/m,
  );
  expect(output).not.toContain("\u001b[");
  const json = await succeed("status-json", "status", ["--json"]);
  const { deployment, lock, components } = JSON.parse(json.output) as {
    deployment: { version: number; record: { validation: object } };
    lock: object;
    components: { name: string; wanted: { id: string }; running: { id: string }[] }[];
  };
  expect(deployment).toMatchObject({ version: 7, record: { validation: { ok: true, checks: "quick" } } });
  expect(lock).toEqual({});
  expect(components.map(({ running: now }) => now.map(({ id }) => id))).toEqual(
    components.map(({ wanted }) => [wanted.id]),
  );
  expect(components).toHaveLength(6);
});

test("a broken release goes back by itself: no request fails, and the exit code still says that it failed", async () => {
  await configure({ PATH: "/nowhere" }, aliased);
  checkout.commit("broken");
  const poller = new Poller(rooms);
  const deploying = checkout.start("deploy", ["--yes"], { ROLLBACK_ON_FAILURE: "true" });
  await untilOutput(deploying.output, /release: up begins/);
  const held = await checkout.run("status");
  expect(held.output).toMatch(/^lock: held: up by \S+@\S+ \(process \d+\) since \S+Z, commit [0-9a-f]{12}$/m);
  const run = await deploying.ended;
  const report = await poller.stop();
  keep(`release-broken.txt`, run.output);
  expect(run.code).toBe(1);
  expect(run.output).toMatch(
    /Version 7 is back and answers \(\d+ s\)\. The deployment failed all the same\./,
  );
  expect(await running()).toBe(states[4]);
  expect(report.requests).toBeGreaterThan(20);
  expect(report.failures).toEqual([]);
});

test("the server keeps what each deployment said, for its owner only and without a secret", async () => {
  const log = await succeed("log", "history", ["--version", "8"]);
  expect(log.output).toMatch(/Z info +ok +git tree +clean at [0-9a-f]{12}$/m);
  expect(log.output).toMatch(/Z info +\S+: gateway-service updating$/m);
  expect(log.output).toMatch(/Z error \S+: gateway-service FAILED \(\d+ s\)$/m);
  const good = await succeed("log-good", "history", ["--version", "7"]);
  expect(good.output).toMatch(/Z info +ok +services +homeserver .*_matrix\/client\/versions: 200$/m);
  const kept = "/var/lib/hypha/deployments/release";
  expect(await vps.exec(`stat -c %a ${kept}/*.log | sort -u`)).toBe("600\n");
  const { output: password } = await must(
    "pulumi",
    ["stack", "output", "adminPassword", "--show-secrets", "--stack", checkout.stack],
    { env: checkout.env, cwd: checkout.directory },
  );
  expect(password.trim().length).toBeGreaterThan(8);
  expect(await vps.exec(`grep -rlF '${password.trim()}' ${kept} || true`)).toBe("");
});

test("a lock that is taken away ends its deployment, which says so; who did it is in the audit log", async () => {
  // Another edge takes its time: the deployment must not be over before its lock is gone.
  await configure({ GREETING: "unlocked" });
  checkout.commit("unlocked");
  const hung = checkout.start("deploy", ["--yes"]);
  await untilOutput(hung.output, /gateway-service updating/);
  const broken = await succeed("unlock", "lock", ["break", "--yes"]);
  expect(broken.output).toMatch(/the lock was taken away from (\S+@\S+) by \1/);
  const run = await hung.ended;
  keep(`release-unlocked.txt`, run.output);
  expect(run.code).toBe(1);
  expect(run.output).toContain("The lock is lost: it was taken away");
  expect((await checkout.run("lock")).output).toContain("the lock of release is free");
});

test("a killed deployment frees its lock; the next one removes what it left, finishes, and tells what was not committed", async () => {
  await configure({ GREETING: "after the kill" }, aliased);
  checkout.commit("after the kill");
  const killed = checkout.start("deploy", ["--yes"]);
  await untilOutput(killed.output, /gateway-service updating/);
  // Pulumi says so before it writes it down, and begins after.
  const state = "docker service inspect --format '{{.UpdateStatus.State}}' hypha-release-gateway";
  await until("its update has begun", async () => (await vps.exec(state)).trim() === "updating");
  signalGroup(killed, "SIGKILL");
  expect((await killed.ended).signal).toBe("SIGKILL");
  fs.writeFileSync(path.join(checkout.directory, "left.txt"), "not committed\n");
  const run = await checkout.run("deploy", ["--yes"], { WAIT: "30", ALLOW_DIRTY: "1" });
  keep(`release-after-kill.txt`, run.output);
  expectSuccess(run);
  expect(run.output).toContain("Pulumi's own lock of release was left behind and is removed");
  expect(run.output).toMatch(
    /^it was cut off in (\w+-service, )*gateway-service(, \w+-service)*: done again now$/m,
  );
  expect(run.output).not.toContain("pending operations");
  expect(run.output).toMatch(
    /warn +git tree +differs from commit .*left\.txt; ALLOW_DIRTY=1 lets it through/,
  );
  expect(await rooms()).toBeUndefined();
  const audit = await succeed("audit", "audit", ["--json"]);
  const records = JSON.parse(audit.output) as {
    result: string;
    dirty: boolean;
    who: string;
    from?: string;
  }[];
  expect(records.map(({ result, dirty }) => `${result} ${dirty ? "dirty" : "clean"}`)).toEqual([
    ...Array<string>(7).fill("succeeded clean"),
    ...["failed clean", "succeeded clean", "failed clean", "unlocked clean", "succeeded dirty"],
  ]);
  expect(records.flatMap(({ from, who }) => (from === undefined ? [] : [from === who]))).toEqual([true]);
});

test("a version whose image is gone and whose files are others now changes nothing", async () => {
  const before = await running();
  const [reference = ""] = /hypha-release-images\/frontend:\w+/.exec(states[1] ?? "") ?? [];
  await vps.exec(`docker image rm --force ${reference}`);
  await must("docker", ["image", "rm", "--force", reference]);
  const run = await checkout.run("redeploy", ["--version", "2", "--yes"]);
  keep(`release-image-gone.txt`, run.output);
  expect(run.code).toBe(1);
  expect(run.output).toContain(`frontend: ${reference} is on none of vps50, and its files are others now`);
  expect(await running()).toBe(before);
});
