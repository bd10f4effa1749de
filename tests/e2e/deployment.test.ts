import * as fs from "fs";
import * as path from "path";
import { AuditRecord } from "../../ops/lib/audit";
import { DeploymentRecord } from "../../ops/lib/record";
import { LabVps } from "./support/lab";
import { expectSuccess, projectRoot, Run, Stack, start } from "./support/stack";

/**
 * What `make up` does around `pulumi up`: one server out of order stops no other, all failures are told at the end, and
 * each server keeps a line of who deployed what. The tests are one story in order.
 */
const vps = new LabVps(17);
const project = path.join(__dirname, "fixtures", "deployment");
const stack = new Stack("line", project);
const events = path.join(stack.directory, "events");
const auditLog = "/var/log/hypha/audit.log";
const recordFiles = "/var/lib/hypha/deployments/line";
// `make audit` asks Pulumi for the configuration, which looks here.
const stackFile = path.join(project, "Pulumi.line.yaml");

/** A server at this machine's own address on a port where nobody listens. */
const gone = { address: "10.77.0.1", port: 1, roles: ["app"] };

async function configure(withGone: boolean): Promise<void> {
  const common = {
    kind: "vps",
    hostKey: await vps.hostKey(),
    identity: { keyFile: await LabVps.keyFile() },
    minimum: { diskGiB: 2 },
    recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
  };
  stack.configure({
    hosts: {
      vps17: { ...common, address: vps.address },
      ...(withGone ? { gone: { ...common, ...gone } } : {}),
    },
    edge: { domain: "line.test" },
  });
}

/** `pulumi up` as ops/up.sh runs it, and what follows it there. */
async function up(): Promise<{ run: Run; conclusion: Run }> {
  fs.rmSync(events, { force: true });
  stack.env["PULUMI_DEBUG_COMMANDS"] = "true";
  stack.env["PULUMI_CONTINUE_ON_ERROR"] = "true";
  stack.env["EVENT_LOG"] = events;
  const run = await stack.up("--event-log", events);
  return { run, conclusion: await tool("conclude", events) };
}

const tool = (name: string, ...args: string[]): Promise<Run> =>
  start("tsx", [path.join(projectRoot, "ops", `${name}.ts`), ...args], {
    env: { ...stack.env, STACK: stack.name },
    cwd: project,
  }).ended;

const lines = async (): Promise<AuditRecord[]> =>
  (await vps.exec(`cat ${auditLog}`))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditRecord);

const records = async (): Promise<DeploymentRecord[]> =>
  (await vps.exec(`cat ${recordFiles}/*.json`))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as DeploymentRecord);

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await stack.init();
});

afterAll(async () => {
  await stack.destroy();
  await vps.down();
  fs.rmSync(stackFile, { force: true });
  stack.remove();
});

test("a server that refuses connections fails, the other is prepared, and the end says which, why and what to do", async () => {
  await configure(true);
  const { run, conclusion } = await up();
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(/after-the-failure created/);
  expectSuccess(conclusion);
  expect(conclusion.output).toMatch(
    new RegExp(
      "^1 step failed\\. What does not depend on it was done; make up goes on from there\\.\\n" +
        "gone: gone-preflight\\n" +
        "  gone \\(root@10\\.77\\.0\\.1:1\\): the server cannot be reached\\n" +
        "  after 22 failed attempts: dial tcp 10\\.77\\.0\\.1:1: connect: connection refused\\n" +
        "  what to do: check that it runs and that hypha:hosts\\.gone\\.address and \\.port are right and not firewalled\\n" +
        "warning: gone: the deployment is not in its audit log: .*Connection refused",
      "s",
    ),
  );
  expect(await vps.exec("systemctl is-active docker hypha-firewall")).toBe("active\nactive\n");
  expect(await lines()).toMatchObject([
    { stack: "line", result: "failed", seconds: expect.any(Number) as number },
  ]);
});

test("the log is root's, the deploy account adds to it, others do not read it", async () => {
  expect(await vps.exec(`stat -c '%U %G %a' ${auditLog} /var/log/hypha`)).toBe(
    "root muser 660\nroot muser 750\n",
  );
});

test("its record beside it says what the deployment was made of, and no secret", async () => {
  expect(await vps.exec(`stat -c '%U %G %a' /var/lib/hypha/deployments; stat -c %a ${recordFiles}/*`)).toBe(
    // The record, and what was said, which is for its owner only.
    "root muser 771\n660\n600\n",
  );
  const text = await vps.exec(`cat ${recordFiles}/*.json`);
  expect(JSON.parse(text)).toMatchObject({
    stack: "line",
    version: 1,
    result: "failed",
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    config: { "hypha:edge": { domain: "line.test" }, "hypha:hosts": { gone: { port: 1 } } },
    components: { vps17: { status: "completed" }, gone: { type: "hypha:host:Vps", status: "failed" } },
  });
  const key = fs.readFileSync(await LabVps.keyFile(), "utf8").split("\n")[1] ?? "";
  expect(key.length).toBeGreaterThan(40);
  expect(text).not.toContain(key);
});

test("a deployment that succeeds is a line with who, when, commit and configuration", async () => {
  await configure(false);
  const { run, conclusion } = await up();
  expectSuccess(run);
  expect(conclusion).toMatchObject({ code: 0, output: "" });
  const [, last] = await lines();
  expect(last).toMatchObject({
    when: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/) as string,
    who: expect.stringMatching(/^\S+@\S+$/) as string,
    stack: "line",
    commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
    dirty: expect.any(Boolean) as boolean,
    configHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    result: "succeeded",
  });
  const [, record] = await records();
  expect(record).toMatchObject({
    version: 2,
    result: "succeeded",
    components: { vps17: { status: "completed" } },
  });
  expect(record?.hosts["vps17"]).toMatchObject({
    facts: { os: "debian 12" },
    created: {
      users: ["muser"],
      units: expect.arrayContaining(["docker.service", "hypha-firewall.service"]),
      directories: expect.arrayContaining(["/var/lib/hypha/deployments", "/var/log/hypha"]),
      firewallRules: expect.arrayContaining(['input: tcp dport 22 accept comment "ssh"']),
    },
    drifted: [],
  });
});

test("where nothing changes there is no line, and no login", async () => {
  const before = await vps.logins();
  const { run, conclusion } = await up();
  expectSuccess(run);
  expect(conclusion).toMatchObject({ code: 0, output: "" });
  expect(await vps.logins()).toBe(before);
  expect(await lines()).toHaveLength(2);
});

test("make audit shows them by time, also those before the last rotation", async () => {
  await vps.exec("logrotate --force /etc/logrotate.d/hypha");
  expect(await vps.exec(`stat -c '%U %G %a %s' ${auditLog}`)).toBe("root muser 660 0\n");
  fs.copyFileSync(path.join(stack.directory, "Pulumi.line.yaml"), stackFile);
  const json = await tool("audit", "--json");
  expectSuccess(json);
  expect(JSON.parse(json.output)).toMatchObject([
    { result: "failed", hosts: ["vps17"] },
    { result: "succeeded", hosts: ["vps17"] },
  ]);
  const shown = await tool("audit", "--lines", "1");
  expect(shown.output).toMatch(/^when +result .*\n\S+Z +succeeded +\d+ s +line +[0-9a-f]{12}\S* .* vps17\n$/);
});

test("make history joins Pulumi's own with the records: versions by their order, and what changed", async () => {
  const json = await tool("history", "--json");
  expectSuccess(json);
  expect(JSON.parse(json.output)).toMatchObject([
    { version: 1, result: "failed", record: { result: "failed", hosts: { vps17: {} } } },
    { version: 2, result: "succeeded", record: { version: 2 } },
    { version: 3, result: "succeeded", changes: {} },
  ]);
  const shown = await tool("history", "--lines", "2");
  expect(shown.output).toMatch(/^version .*\n2 +\S+Z +update +succeeded .*vps17.*\n3 +.* nothing .*\n$/);
});
