import * as path from "path";
import { Site, siteRequest } from "../../ops/lib/site";
import { visit } from "./support/browser";
import { LabVps } from "./support/lab";
import { Poller } from "./support/poller";
import {
  expectSuccess,
  keep,
  kept,
  must,
  signalGroup,
  Stack,
  StackSettings,
  untilOutput,
} from "./support/stack";
import { validated, withoutBridge } from "./support/validation";

/**
 * The chat on one bare server over SSH, from nothing to destroy. The tests are one story in order: each finds what
 * the one before has left.
 */
const vps = new LabVps(1);
const stack = new Stack("e2e");
let site: Site;

/** An application of the chat: the sample, or the real one where its built files are given. */
function source(application: string): object {
  const artifacts = process.env["HYPHA_CHAT_ARTIFACTS"];
  return artifacts === undefined
    ? { kind: "sample" }
    : { kind: "artifacts", path: path.resolve(artifacts, application) };
}

async function settings(
  change: { bridgeEnv?: object; bridgeSource?: object; replicas?: number } = {},
): Promise<StackSettings> {
  return {
    hosts: {
      vps1: await vps.host(),
    },
    edge: { domain: "chat.test" },
    chat: {
      bridge: {
        source: change.bridgeSource ?? source("bridge"),
        env: change.bridgeEnv ?? {},
        replicas: change.replicas ?? 1,
      },
      gateway: { source: source("gateway") },
      frontend: { source: source("frontend") },
    },
    images: {},
  };
}

/** Service names and the version each is at: a change of a service raises its version. */
async function versions(): Promise<Record<string, number>> {
  const names = (await vps.exec("docker service ls --format '{{.Name}}'")).trim().split("\n").sort();
  const rows = names.map(async (name): Promise<[string, number]> => {
    const version = await vps.exec(`docker service inspect ${name} --format '{{.Version.Index}}'`);
    return [name, Number(version.trim())];
  });
  return Object.fromEntries(await Promise.all(rows));
}

const bridgeStatus = async (): Promise<string | undefined> => {
  const response = await siteRequest(site, "/api/v1/bridge/status", { timeoutSeconds: 5 });
  return response.status === 200 && response.body.includes("connected_servers")
    ? undefined
    : `${response.status} ${response.body.slice(0, 100)}`;
};

beforeAll(async () => {
  await vps.boot();
  await stack.init();
});

afterAll(async () => {
  await vps.down();
  stack.remove();
});

test("a bare server becomes the running chat", async () => {
  stack.configure(await settings());
  const changes = await stack.deploy("up-cold");
  expect(changes.created).toBeGreaterThan(50);
  site = await stack.site();
  expect(site.url).toBe("https://chat.test");
  expect(site.address).toBe(vps.address);
});

test("smoke test and validation find everything in order, and fail where something is not", async () => {
  const run = await must("tsx", ["ops/smoke.ts"], { env: { ...stack.env, STACK: stack.name } });
  keep("smoke.txt", run.output);
  expect(run.output.match(/^ok /gm)).toHaveLength(6);
  for (const [name, page] of [
    ["bridge-status", "/api/v1/bridge/status"],
    ["rooms", "/api/rooms/list"],
  ] as const) {
    keep(`${name}.json`, (await siteRequest(site, page)).body);
  }
  await validated(stack, path.join(kept, "validation.xml"));
  await withoutBridge(stack, vps, bridgeStatus);
});

test("what the bridge and the gateway would do for anyone stays inside", async () => {
  const answers = await Promise.all([
    siteRequest(site, "/api/v1/bridge/federation/send", { method: "POST", body: {} }),
    siteRequest(site, "/api/v1/bridge/routes"),
    siteRequest(site, "/api/v1/bridge/status", { method: "POST", body: {} }),
    siteRequest(site, "/api/auth/login", { method: "POST", body: {} }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 403, 404]);
});

test("two people log in, meet in a room and read each other's messages", async () => {
  const people = ["alice", "bob"].map((user) => ({ user, password: `${user} only for this test` }));
  for (const { user, password } of people) {
    await must("tsx", ["ops/user.ts", "add", user], {
      env: { ...stack.env, STACK: stack.name },
      input: `${password}\n`,
    });
  }
  const [alice, bob] = people;
  const run = await must("tsx", ["tests/e2e/support/conversation.ts"], {
    env: stack.env,
    input: JSON.stringify({ site, alice, bob }),
  });
  const line = run.output.split("\n").find((text) => text.startsWith('{"room"')) ?? "{}";
  const report = JSON.parse(line) as { alice: string[]; bob: string[] };
  const both = ["Hello from Alice 🍄", "Hello from Bob"];
  expect(report).toMatchObject({ alice: both, bob: both });
});

test("the administrator logs in; nobody registers", async () => {
  const { adminPassword } = await stack.outputs();
  const login = await siteRequest(site, "/_matrix/client/v3/login", {
    method: "POST",
    body: {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: "admin" },
      password: adminPassword,
    },
  });
  expect(JSON.parse(login.body)).toMatchObject({ user_id: "@admin:chat.test" });
  const registration = await siteRequest(site, "/_matrix/client/v3/register", { method: "POST", body: {} });
  expect(registration.status).toBe(403);
  const administration = await siteRequest(site, "/_synapse/admin/v1/server_version");
  expect(administration.body).not.toContain("server_version");
});

test("the frontend loads in a browser, every request answered", async () => {
  const seen = await visit(site, "#root, main", path.join(kept, "frontend.png"));
  expect(seen.failedRequests).toEqual([]);
  expect(seen.pageErrors).toEqual([]);
  expect(seen.text.length).toBeGreaterThan(20);
});

test("a second up changes nothing and opens no session on the server", async () => {
  const before = await vps.logins();
  const changes = await stack.deploy("up-again");
  expect(changes).toEqual({ created: 0, updated: 0, deleted: 0, replaced: 0, unchanged: changes.unchanged });
  expect(await vps.logins()).toBe(before);
});

test("the order of keys in the configuration means nothing", async () => {
  const value = await settings();
  const reversed = Object.fromEntries(Object.entries(value).reverse()) as StackSettings;
  stack.configure({ ...reversed, chat: Object.fromEntries(Object.entries(value.chat as object).reverse()) });
  const changes = await stack.deploy("up-reordered");
  expect(changes).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("one changed variable touches its workload only, without a failed request", async () => {
  const before = await versions();
  const poller = new Poller(bridgeStatus);
  stack.configure(await settings({ bridgeEnv: { GREETING: "changed" } }));
  const changes = await stack.deploy("up-one-variable");
  const report = await poller.stop();
  expect(changes).toMatchObject({ created: 0, updated: 1, deleted: 0, replaced: 0 });
  const after = await versions();
  const touched = Object.keys(after).filter((name) => after[name] !== before[name]);
  expect(touched).toEqual(["hypha-e2e-bridge"]);
  expect(report.requests).toBeGreaterThan(20);
  expect(report.failures).toEqual([]);
});

test("a release that runs and never becomes healthy is rolled back, and the old one answers throughout", async () => {
  const poller = new Poller(bridgeStatus);
  stack.configure(
    await settings({ bridgeSource: { kind: "artifacts", path: "tests/e2e/fixtures/mute-bridge" } }),
  );
  const run = await stack.up();
  const report = await poller.stop();
  keep("up-mute-release.txt", run.output);
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("rollback completed");
  expect(run.output).toMatch(/hypha-e2e-bridge on vps1: .*unhealthy.*last log lines:.*mute: started/s);
  expect(report.requests).toBeGreaterThan(50);
  expect(report.failures).toEqual([]);
});

test("a release that ends at once fails the update, and the old one answers throughout", async () => {
  const poller = new Poller(bridgeStatus);
  stack.configure(await settings({ bridgeEnv: { PATH: "/nowhere" } }));
  const run = await stack.up();
  const report = await poller.stop();
  keep("up-broken-release.txt", run.output);
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("rollback completed");
  expect(run.output).toMatch(/hypha-e2e-bridge on vps1: .*last log lines:/s);
  expect(report.requests).toBeGreaterThan(50);
  expect(report.failures).toEqual([]);
  stack.configure(await settings());
  expect(await stack.deploy("up-recovered")).toMatchObject({
    created: 0,
    updated: 1,
    deleted: 0,
    replaced: 0,
  });
  expect(await bridgeStatus()).toBeUndefined();
});

test("an update killed half way is finished by the next", async () => {
  stack.configure(await settings({ bridgeEnv: { GREETING: "after the kill" }, replicas: 2 }));
  const running = stack.startUp();
  await untilOutput(running.output, /bridge-service updating/);
  signalGroup(running, "SIGKILL");
  expect((await running.ended).signal).toBe("SIGKILL");
  await stack.cancel();
  await stack.deploy("up-after-kill");
  expect(await stack.deploy("up-after-kill-again")).toMatchObject({
    created: 0,
    updated: 0,
    deleted: 0,
    replaced: 0,
  });
  const replicas = await vps.exec(
    "docker service ls --filter name=hypha-e2e-bridge --format '{{.Replicas}}'",
  );
  expect(replicas.trim()).toBe("2/2");
});

test("no secret stands in the state, in the service definitions or on the server's disk", async () => {
  const { adminPassword } = await stack.outputs();
  const secret = String(adminPassword);
  expect(secret).toHaveLength(40);
  expect(await stack.state()).not.toContain(secret);
  const definitions = await vps.exec(
    "docker service inspect $(docker service ls -q); docker ps -a --no-trunc",
  );
  expect(definitions).not.toContain(secret);
  const files = await vps.startExec(
    `grep -rlF --exclude-dir=proc --exclude-dir=sys '${secret}' /etc /home /root /tmp /var/log`,
  );
  expect(files.output.trim()).toBe("");
});

test("destroy leaves the data volumes and nothing else; the next up finds the data", async () => {
  const run = await stack.destroy();
  keep("destroy.txt", run.output);
  expectSuccess(run);
  const left = await vps.exec(
    "docker service ls -q 2>&1; docker secret ls -q 2>&1; docker config ls -q 2>&1; " +
      "docker network ls --filter label=hypha.stack -q; docker volume ls -q; docker image ls 'hypha*/*' -q",
  );
  const notManager = /This node is not a swarm manager/;
  expect(
    left
      .split("\n")
      .filter((line) => line !== "" && !notManager.test(line))
      .sort(),
  ).toEqual(["hypha-e2e-homeserver-media", "hypha-e2e-postgres-data"]);
  await stack.deploy("up-after-destroy");
  const login = await siteRequest(site, "/_matrix/client/versions").catch((error: unknown) => error);
  // The authority went with the stack, so the old one must not verify any more.
  expect(String(login)).toMatch(/certificate|self.signed/i);
  site = await stack.site();
  const alice = await siteRequest(site, "/_matrix/client/v3/login", {
    method: "POST",
    body: {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: "alice" },
      password: "alice only for this test",
    },
  });
  expect(JSON.parse(alice.body)).toMatchObject({ user_id: "@alice:chat.test" });
});
