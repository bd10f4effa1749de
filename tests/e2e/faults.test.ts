import { randomBytes } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { Site, siteRequest } from "../../ops/lib/site";
import { FaultBook, keep } from "./support/faultBook";
import { FaultName } from "./support/faults";
import { LabVps, unhardened } from "./support/lab";
import { KeptMessage } from "./support/message";
import { ReleaseCheckout } from "./support/releases";
import { expectSuccess, must, Run, until, untilOutput } from "./support/stack";

/**
 * What goes wrong in a deployment, one fault after the other, each from a stack that works and back to it: what the
 * operator sees, what kept serving, how it recovered. Requests are counted all the while, and a message that was written
 * before all of it is read after each. docs/faults.md has the table; faults that other stories show are not repeated.
 */
const vps = new LabVps(55);
const checkout = new ReleaseCheckout("faults");
const file = (...parts: string[]) => path.join(checkout.directory, ...parts);
let site: Site;
let message: KeptMessage;
let asked = 0;

/** Page, bridge and gateway in turn. */
async function probe(): Promise<string | undefined> {
  const pages = [
    ["/", "hypha-sample"],
    ["/api/v1/bridge/status", "connected_servers"],
    ["/api/rooms/list", '"success":true'],
  ] as const;
  const [at, holds] = pages[asked++ % pages.length] ?? pages[0];
  const { status, body } = await siteRequest(site, at, { timeoutSeconds: 10 });
  return status === 200 && body.includes(holds) ? undefined : `${at}: ${status}`;
}

/** What Nginx said of requests that failed, and what became of every task. */
const traces = () =>
  vps.exec(
    "docker service logs --raw --since 10m hypha-faults-edge 2>&1 | grep -F '[error]' | tail -20; " +
      "docker service ps --no-trunc $(docker service ls -q)",
  );

const book = new FaultBook(probe, () => message.problem(), traces);

/** The stack's configuration as it works, but for these settings of the chat, committed with all that was changed. */
async function commit(what: string, chat: object = {}, greeting = what): Promise<void> {
  checkout.configure({
    hosts: { vps55: await vps.host({ hardening: unhardened }) },
    edge: { domain: "faults.test" },
    chat: { bridge: { env: { GREETING: greeting } }, ...chat },
  });
  checkout.commit(what);
}

/** Edits a file of the checkout, as a developer does. */
function edit(name: string, from: string, to: string): void {
  const text = fs.readFileSync(file(name), "utf8");
  expect(text).toContain(from);
  fs.writeFileSync(file(name), text.replace(from, to));
}

/** Takes the newest commit back. */
const revert = () => checkout.git("revert", "--no-edit", "HEAD");

const deploy = (env: NodeJS.ProcessEnv = {}): Promise<Run> => checkout.run("deploy", ["--yes"], env);

/** The next deployment goes through, and the site answers. */
async function deployed(): Promise<void> {
  const run = await deploy();
  keep("fault-last-way-back.txt", run.output);
  expectSuccess(run);
  await until("the site answers", async () => (await probe()) === undefined);
}

async function backToThatBefore(): Promise<void> {
  revert();
  await deployed();
}

/** A deployment during which something happens as soon as it says something. */
async function deployUntil(says: RegExp, happens: (pid: number) => Promise<unknown>): Promise<Run> {
  const running = checkout.start("deploy", ["--yes"]);
  await Promise.race([untilOutput(running.output, says), running.ended]);
  expect(running.output()).toMatch(says);
  await happens(running.process.pid ?? 0);
  return running.ended;
}

const signalled = (says: RegExp, signal: NodeJS.Signals) =>
  deployUntil(says, (pid) => Promise.resolve(process.kill(-pid, signal)));

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled", DISK: "2500m" });
  await checkout.init();
});

afterAll(async () => {
  await vps.down();
  checkout.remove();
});

test("a server is deployed", async () => {
  await commit("first");
  const run = await deploy();
  keep("fault-cold.txt", run.output);
  expectSuccess(run);
  site = await checkout.site();
  message = await KeptMessage.write(site, String((await checkout.outputs())["adminPassword"]));
});

test("its clock goes wrong: nothing is deployed until it is set", async () => {
  const shim = '[ "$*" = +%s ] && echo $(($(/usr/bin/date +%s) + 3600)) || exec /usr/bin/date "$@"';
  await vps.exec(`printf '#!/bin/sh\\n%s\\n' '${shim}' >/usr/local/bin/date; chmod +x /usr/local/bin/date`);
  await book.meet({
    says: {
      "clock is wrong": /FAILED +host vps55 +reachable; its clock is 3[56]\d\d s ahead of this machine's/,
    },
    fault: deploy,
    recovers: "the clock, the next make up",
    back: async () => {
      await vps.exec("rm /usr/local/bin/date");
      await deployed();
    },
  });
});

test("three broken services at once: each is told with its cause, and the old ones serve", async () => {
  edit("lab/apps/bridge/matrix-bridge", "import json\n", 'import json\nhoard = b"x" * (1 << 30)\n');
  edit("lab/apps/gateway/web-gateway", '= """\n', '= """\nALTER TABLE no_such_table ADD COLUMN x int;\n');
  edit("lab/apps/frontend/index.html", "hypha-sample", "another-page");
  await commit("three broken services");
  await book.meet({
    says: {
      "out of memory": /likely cause: it was killed/,
      "migration fails": /relation "no_such_table" does not exist/,
      "health never true": /likely cause: it runs and never became healthy/,
    },
    fault: deploy,
    recovers: "Swarm at once; the next make up",
    back: backToThatBefore,
  });
});

test("an image that its registry does not have changes nothing", async () => {
  const registry = fs.readFileSync(path.join(__dirname, "fixtures", "empty_registry.py"), "utf8");
  await vps.exec(`systemd-run --quiet --unit=registry python3 -c '${registry}'`);
  const reference = `127.0.0.1:5000/page@sha256:${"a".repeat(64)}`;
  await commit("bad image", { frontend: { source: { kind: "image", reference } } });
  await book.meet({
    says: { "bad image": /likely cause: the image is not/ },
    fault: deploy,
    recovers: "the next make up",
    back: backToThatBefore,
  });
  await vps.exec("systemctl stop registry");
});

test("a server without DNS and a service that starts slowly: the deployment waits, and goes through", async () => {
  edit("lab/apps/bridge/matrix-bridge", "import json\n", "import json\nimport time\ntime.sleep(15)\n");
  await commit("slow start");
  await vps.exec("cp /etc/resolv.conf /root/; echo nameserver 192.0.2.1 >/etc/resolv.conf");
  await book.meet({
    says: { "server's DNS is gone": /bridge-service updated/, "slow start": /bridge-service updated/ },
    exit: 0,
    fault: deploy,
    recovers: "nothing to recover",
    back: async () => {
      await vps.exec("cat /root/resolv.conf >/etc/resolv.conf");
    },
  });
  revert();
});

/** Fills the engine's disk up to so many MiB. */
const fill = (leave: number) =>
  vps.exec(
    `cd /var/lib/docker; free=$(df -Pm . | awk 'NR == 2 { print $4 }'); fallocate -l $((free - ${leave}))M fill; ` +
      `((${leave} > 0)) || dd if=/dev/zero of=rest bs=64k 2>/dev/null || true`,
  );
const unfill = () => vps.exec("rm -f /var/lib/docker/fill /var/lib/docker/rest");

test("a full disk: before a deployment it is refused, in the middle the image is told that has no room", async () => {
  await fill(300);
  await book.meet({
    says: { "disk full before": /FAILED +host vps55 +reachable; \d+ MiB of .* free: 512 MiB are needed/ },
    fault: deploy,
    recovers: "room on the disk, the next make up",
    back: async () => {
      await unfill();
      await deployed();
    },
  });
  fs.writeFileSync(file("lab/apps/frontend/large"), randomBytes(80 << 20));
  await commit("a large page", {}, "first");
  await book.meet({
    says: { "disk full in the middle": /of disk are free, .* needed: make room/ },
    fault: () => deployUntil(/: up begins/, () => fill(20)),
    recovers: "room on the disk, the next make up",
    back: async () => {
      await unfill();
      await deployed();
    },
  });
});

test("the engine is restarted in the middle of a deployment", async () => {
  await commit("engine restarted");
  await book.meet({
    // Whether the provider asks it just then is chance.
    says: { "engine restarted in the middle": /likely cause: the engine went away|bridge-service updated/ },
    exit: [0, 1],
    mayFail: true,
    fault: () => deployUntil(/bridge-service updating/, () => vps.exec("systemctl restart docker")),
    recovers: "by itself; the next make up finishes",
    back: deployed,
  });
});

test("a configuration of the edge that Nginx refuses: the old one is back after the seconds between two containers", async () => {
  edit("components/edge/render.ts", "server_tokens off;", "server_tokens perhaps;");
  await commit("edge configuration invalid");
  await book.meet({
    says: { "edge configuration invalid": /likely cause: Nginx refuses/ },
    mayFail: true,
    fault: deploy,
    recovers: "Swarm at once; the next make up",
    back: backToThatBefore,
  });
});

test("a service and its secret are gone from the swarm: the deployment says that the site does not answer, the doctor mends it", async () => {
  await commit("secret gone");
  await book.meet({
    says: { "secret gone from the swarm": /The deployment was made, and does not work/ },
    mayFail: true,
    fault: async () => {
      const secrets = "{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{.SecretID}} {{end}}";
      const inspect = `docker service inspect hypha-faults-edge --format '${secrets}'`;
      await vps.exec(`ids=$(${inspect}); docker service rm hypha-faults-edge; docker secret rm $ids`);
      const { output } = await checkout.run("status");
      expect(output).toMatch(/^hypha-faults-edge +0\/1 .*NOT AS WANTED: the service is not there$/m);
      return deploy();
    },
    recovers: "make doctor FIX=1",
    back: async () => {
      const run = await checkout.run("doctor", ["--fix", "--yes"]);
      keep("fault-doctor.txt", run.output);
      expectSuccess(run);
      await until("the site answers", async () => (await probe()) === undefined);
    },
  });
});

test.each<[FaultName, RegExp, NodeJS.Signals, RegExp, number | NodeJS.Signals]>([
  ["SIGINT while it looks", /Previewing update/, "SIGINT", /Nothing was changed/, 1],
  ["SIGKILL while it looks", /Previewing update/, "SIGKILL", /Previewing update/, "SIGKILL"],
  ["SIGTERM while a service changes", /bridge-service updating/, "SIGTERM", /The deployment failed/, 1],
  ["SIGKILL before it validates", /bridge-service updated/, "SIGKILL", /bridge-service updated/, "SIGKILL"],
])("%s", async (name, moment, signal, says, exit) => {
  await commit(name);
  await book.meet({
    says: { [name]: says },
    exit,
    fault: () => signalled(moment, signal),
    recovers: "the next make up",
    back: deployed,
  });
});

test("the state cannot be had, is another, or its passphrase is wrong: nothing is changed", async () => {
  await commit("without its state");
  const other = file("..", `${path.basename(checkout.directory)}-data`, "other");
  fs.mkdirSync(other);
  const env = { ...checkout.env, PULUMI_BACKEND_URL: `file://${other}?metadata=skip` };
  await must("pulumi", ["stack", "select", "--create", "faults"], { env, cwd: checkout.directory });
  const back = async () => {
    await until("the site answers", async () => (await probe()) === undefined);
  };
  await book.meet({
    says: { "state backend unavailable": /the state .*cannot be read/ },
    exit: 2,
    fault: () => deploy({ PULUMI_BACKEND_URL: `file://${other}-missing` }),
    recovers: "nothing was changed",
    back,
  });
  await book.meet({
    says: { "another, empty state": /FAILED +state/ },
    fault: () => deploy(env),
    recovers: "nothing was changed",
    back,
  });
  await book.meet({
    says: { "wrong passphrase": /what to do: the state was sealed with another passphrase/ },
    fault: () => deploy({ PULUMI_CONFIG_PASSPHRASE: "another" }),
    recovers: "nothing was changed",
    back: deployed,
  });
});
