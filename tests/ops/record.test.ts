import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { configHash, parseConfig } from "../../components/config/load";
import { shellAssign } from "../../components/shell/quote";
import { renderFirewall } from "../../components/host/hardeningRender";
import { AuditRecord, merge, onHosts } from "../../ops/lib/audit";
import { concludeValidation } from "../../ops/lib/conclude";
import { createdOn, firewallRules } from "../../ops/lib/created";
import {
  askLog,
  askRecords,
  deploymentFigure,
  deploymentRecord,
  DeploymentRecord,
  keep,
  mergeRecords,
} from "../../ops/lib/record";
import { liveResources, StateResource } from "../../ops/lib/state";
import { resource, script, stackUrn, urn } from "./stateResources";

const secret = (text: string) => ({
  ["4dabf18193072939515e22adb298388d"]: "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(text),
});

const resources: StateResource[] = [
  { urn: stackUrn, type: "pulumi:pulumi:Stack" },
  resource("web1", "hypha:host:Vps", stackUrn, { outputs: { facts: { os: "debian 12" } } }),
  resource("web1-preflight", "command:remote:Command", urn("web1", "hypha:host:Vps")),
  resource("chat", "hypha:systems:Chat"),
  resource("postgres", "hypha:postgres:Postgres", urn("chat", "hypha:systems:Chat")),
  resource("postgres-key", "x:y:Z", urn("postgres", "hypha:postgres:Postgres")),
];

describe("what was made on a host", () => {
  test("is what its scripts' checks tell, by kind; drifted or not; a kind that is new keeps its name", () => {
    const facts = [
      { kind: "account", name: "muser" },
      { kind: "unit", name: "docker.service" },
      { kind: "unit at boot", name: "hypha-revert.service", diff: "-x" },
      { kind: "directory", name: "/var/log/hypha" },
      { kind: "volume", name: "data" },
      { kind: "directory", name: "/etc/hypha" },
      { kind: "moon", name: "full" },
    ];
    expect(createdOn("web1", facts, [])).toEqual({
      directories: ["/etc/hypha", "/var/log/hypha"],
      moon: ["full"],
      units: ["docker.service", "hypha-revert.service"],
      users: ["muser"],
      volumes: ["data"],
    });
  });

  test("the firewall's rules are those that its script loads, and of that host only", () => {
    const rules = renderFirewall({ sshPort: 2222, tcp: [80, 443], udp: [], fleet: ["192.0.2.7"] });
    const hardening = (host: string) =>
      resource(`${host}-hardening`, "command:remote:Command", stackUrn, {
        ...script({ HOST_NAME: host, NFTABLES_CONF: host === "web1" ? rules : "" }),
      });
    const { firewallRules: told } = createdOn("web1", [], [hardening("web1"), hardening("web2")]);
    expect(told).toContain('input: tcp dport 2222 accept comment "ssh"');
    expect(told).toContain("input: tcp dport { 80, 443 } accept");
    expect(told).toContain("input: ip saddr { 192.0.2.7 } tcp dport { 2377, 7946 } accept");
    expect(told).toContain(
      "forward: meta l4proto tcp ct status dnat ct original proto-dst { 80, 443 } accept",
    );
    expect(told).toHaveLength(
      rules.split("\n").filter((line) => /^ {4}(?!type).* (accept|drop)/.test(line)).length,
    );
    expect(createdOn("web2", [], [hardening("web1"), hardening("web2")])).toEqual({});
    expect(firewallRules("# accept nothing\n")).toEqual([]);
  });
});

const raw = { hosts: { local: { kind: "local" } }, edge: { domain: "chat.test" } };
const config = parseConfig(raw);
const audit: AuditRecord = {
  when: "2026-01-02T03:04:05.000Z",
  who: "op@desk",
  author: "Ann <a@x>",
  stack: "org/t",
  commit: "a".repeat(40),
  dirty: true,
  configHash: configHash(config),
  result: "succeeded",
  seconds: 90,
  changes: { create: 1 },
};
const deployment = {
  config: {
    "hypha:hosts": JSON.stringify(raw.hosts),
    "hypha:edge": JSON.stringify(raw.edge),
    "other:key": "x",
  },
  began: new Date(audit.when),
  seconds: 90,
  result: "succeeded" as const,
  changes: { create: 1 },
};
const sources = { audit, deployment, steps: [], resources, found: { web1: { created: {}, drifted: [] } } };

describe("a record", () => {
  test("says who deployed what, when, with which result, and what came of it", () => {
    const outputs = {
      images: { postgres: { reference: "hypha/postgres:1", id: "sha256:1" } },
      versions: { postgres: "15" },
    };
    const root = { urn: stackUrn, type: "pulumi:pulumi:Stack", outputs };
    const record = deploymentRecord({
      ...sources,
      resources: [root, ...resources.slice(1)],
      ...{ version: 7, message: "why", redeployOf: 5 },
    });
    expect(record).toEqual({
      format: 1,
      id: "20260102T030405Z-aaaaaaaaaaaa",
      version: 7,
      stack: "org/t",
      deployer: { user: "op", machine: "desk", author: "Ann <a@x>" },
      commit: "a".repeat(40),
      dirty: true,
      message: "why",
      redeployOf: 5,
      began: "2026-01-02T03:04:05.000Z",
      ended: "2026-01-02T03:05:35.000Z",
      seconds: 90,
      result: "succeeded",
      changes: { create: 1 },
      configHash: configHash(config),
      config: { "hypha:hosts": raw.hosts, "hypha:edge": raw.edge },
      ...outputs,
      components: expect.any(Object),
      hosts: { web1: { facts: { os: "debian 12" }, created: {}, drifted: [] } },
    });
    const failed = deploymentRecord({
      ...sources,
      resources: [root],
      deployment: { ...deployment, result: "failed" },
    });
    expect(failed).not.toHaveProperty("images");
    expect(failed).not.toHaveProperty("version");
    expect(failed.hosts).toEqual({ web1: { created: {}, drifted: [] } });
  });

  test("has the very configuration that its hash is of", () => {
    const own = Object.entries(deploymentRecord(sources).config).map(([key, value]) => [key.slice(6), value]);
    expect(configHash(parseConfig(Object.fromEntries(own) as Record<string, unknown>))).toBe(
      audit.configHash,
    );
  });

  test("takes no secret from a state in which each input and output of everything holds one", () => {
    const word = "correct horse battery staple";
    const full = [
      { urn: stackUrn, type: "pulumi:pulumi:Stack", outputs: { adminPassword: secret(word) } },
      ...resources.slice(1).map((one) => ({
        ...one,
        inputs: {
          ...one.inputs,
          environment: secret(word),
          stdin: secret(shellAssign({ HOST_NAME: "web1", KEY: word })),
        },
        outputs: { ...one.outputs, result: secret(word), stdout: word },
      })),
    ];
    const opened = liveResources({ deployment: { resources: full } });
    expect(JSON.stringify(opened)).toContain(word);
    const created = createdOn("web1", [{ kind: "file", name: "/etc/mycelium/key" }], opened);
    const record = deploymentRecord({
      ...sources,
      resources: opened,
      found: { web1: { created, drifted: [] } },
    });
    expect(JSON.stringify(record)).toContain("/etc/mycelium/key");
    expect(JSON.stringify(record)).not.toContain(word);
  });
});

describe("records on a host", () => {
  let data: string;
  const before = process.env["HYPHA_DATA"];
  beforeEach(() => {
    process.env["HYPHA_DATA"] = data = mkdtempSync(join(tmpdir(), "hypha-record-"));
  });
  afterEach(() => {
    rmSync(data, { recursive: true });
    if (before === undefined) {
      delete process.env["HYPHA_DATA"];
    } else {
      process.env["HYPHA_DATA"] = before;
    }
  });
  const at = (second: number): DeploymentRecord => ({
    ...deploymentRecord(sources),
    id: `20260102T0304${String(second).padStart(2, "0")}Z-aaaaaaaaaaaa`,
    message: "it's $HOME; `date`\\n",
  });
  const records = () => files().filter((name) => name.endsWith(".json"));
  const files = () => readdirSync(join(data, "deployments", "org-t")).sort();

  test("are files that others do not read, beside a line of the audit log; each as it was given", async () => {
    expect(await keep(config, { audit, record: at(1) })).toEqual([{ host: "local", text: "" }]);
    await keep(config, { audit: { ...audit, author: "O'Neil \\n $(id)" }, record: at(2) });
    const own = [at(1), at(2)].flatMap(({ id }) => [`${id}.json`, `${id}.log`]);
    expect(files()).toEqual(own);
    expect(statSync(join(data, "deployments", "org-t", `${at(1).id}.json`)).mode & 0o777).toBe(0o660);
    const lines = readFileSync(join(data, "audit.log"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as AuditRecord)).toEqual([
      audit,
      { ...audit, author: "O'Neil \\n $(id)" },
    ]);
    expect(mergeRecords(await askRecords(config, "org/t"))).toEqual([at(2), at(1)]);
    expect(mergeRecords(await askRecords(config, "org/t", 1))).toEqual([at(2)]);
    expect(await askRecords(config, "another")).toEqual([{ host: "local", text: "" }]);
  });

  test("the last one is a figure that everybody reads", async () => {
    for (const second of [1, 2]) await keep(config, { audit, record: at(second) });
    const file = join(data, "deployments", ".figures", "org-t.prom");
    expect(readFileSync(file, "utf8")).toBe(`${deploymentFigure(at(2))}\n`);
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o644, 0o755]);
  });

  test("the newest 50 stay", async () => {
    await keep(config, { audit, record: at(1) });
    const directory = join(data, "deployments", "org-t");
    spawnSync("sh", ["-c", `for n in $(seq -w 10 59); do : >20260102T0305$n'Z-b.json'; done`], {
      cwd: directory,
    });
    expect(records()).toHaveLength(51);
    await keep(config, { audit, record: { ...at(1), id: "20260102T040000Z-c" } });
    expect(records()).toHaveLength(50);
    expect(records()[0]).toBe("20260102T030511Z-b.json");
    expect(records()[49]).toBe("20260102T040000Z-c.json");
  });

  test("where the record cannot be kept the line is there, and the host says so", async () => {
    spawnSync("sh", ["-c", ": >deployments"], { cwd: data });
    const [answer] = await keep(config, { audit, record: at(1) });
    expect(answer).toMatchObject({ host: "local", problem: expect.stringContaining("deployments") });
    expect(readFileSync(join(data, "audit.log"), "utf8")).toBe(`${JSON.stringify(audit)}\n`);
  });

  test("what the tests came to is added to a record: it takes its place, with a line only where they failed", async () => {
    const concluded = { config, audit, record: at(1), secrets: ["hunter2-hunter2"] };
    await keep(config, { audit, record: at(1), log: "made\n" });
    const passed = { ok: true, checks: "quick" as const, failed: [] };
    await concludeValidation(concluded, passed, "all ok with hunter2-hunter2");
    expect(mergeRecords(await askRecords(config, "org/t"))).toEqual([{ ...at(1), validation: passed }]);
    const failed = { ok: false, checks: "all" as const, failed: ["gateway: status 502"] };
    await concludeValidation(concluded, failed);
    expect(mergeRecords(await askRecords(config, "org/t"))).toEqual([{ ...at(1), validation: failed }]);
    expect(await askLog(config, at(1))).toMatch(/^made\n\S+Z info {2}all ok with \[secret\]\n$/);
    expect(merge(await onHosts(config, ({ log }) => `cat ${log}`)).map(({ result }) => result)).toEqual([
      "succeeded",
      "invalid",
    ]);
  });

  test("a log is its owner's only, holds any text, and the newest 20 stay", async () => {
    const text = "it's $HOME; `date`\\n\n\tü 'quoted'\n".repeat(1000);
    await keep(config, { audit, record: at(1), log: text });
    expect(await askLog(config, at(1))).toBe(text);
    const directory = join(data, "deployments", "org-t");
    expect(statSync(join(directory, `${at(1).id}.log`)).mode & 0o777).toBe(0o600);
    for (let second = 2; second <= 22; second++) {
      await keep(config, { record: at(second), log: "x\n" });
    }
    expect(files().filter((name) => name.endsWith(".log"))).toEqual(
      Array.from({ length: 20 }, (_, index) => `${at(index + 3).id}.log`),
    );
    expect(files().filter((name) => name.endsWith(".json"))).toHaveLength(22);
    expect(await askLog(config, at(1))).toBe("");
  });

  test("without a record there is the line alone", async () => {
    await keep(config, { audit });
    expect(readdirSync(data)).toEqual(["audit.log"]);
  });

  test("of all hosts merge, each once, newest first; one cut short is left out", () => {
    const text = (...records: DeploymentRecord[]) =>
      records.map((one) => `${JSON.stringify(one)}\n`).join("");
    const merged = mergeRecords([
      { host: "a", text: text(at(1), at(3)) },
      { host: "b", text: `${text(at(2), at(1))}{"id":` },
      { host: "c", problem: "refused" },
    ]);
    expect(merged.map(({ id }) => id)).toEqual([at(3).id, at(2).id, at(1).id]);
  });

  test("the local engine's places are words of their own, whatever their names", async () => {
    const [answer] = await onHosts(config, ({ log, records }) => `printf '%s %s' ${log} ${records}`);
    expect(answer).toEqual({ host: "local", text: `${data}/audit.log ${data}/deployments` });
  });
});
