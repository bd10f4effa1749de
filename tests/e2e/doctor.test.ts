import * as fs from "fs";
import * as path from "path";
import { LabVps } from "./support/lab";
import { countChanges, expectSuccess, projectRoot, Run, Stack, start } from "./support/stack";

/**
 * The doctor on a server reached as an account with sudo: it finds whatever was changed by hand, and Pulumi puts right
 * that and nothing else. The tests are one story in order.
 */
const vps = new LabVps(10);
const project = path.join(__dirname, "fixtures", "doctor");
const stack = new Stack("doc", project);
const configFile = path.join(stack.directory, "Pulumi.doc.yaml");

interface Report {
  hosts: { name: string; compared: number; drifted: { kind: string; name: string; diff: string }[] }[];
}

function doctor(...args: string[]): Promise<Run> {
  return start(
    path.join(projectRoot, "node_modules", ".bin", "tsx"),
    [path.join(projectRoot, "ops", "doctor.ts"), ...args],
    {
      cwd: project,
      env: { ...stack.env, STACK: stack.name, HYPHA_DATA: stack.directory },
    },
  ).ended;
}

async function diagnose(): Promise<{
  code: number | null;
  report: Report["hosts"][number];
  seconds: number;
}> {
  const { code, output, seconds } = await doctor("--json");
  expect(output).toMatch(/^{/);
  const [report = { name: "", compared: 0, drifted: [] }] = (JSON.parse(output) as Report).hosts;
  return { code, report, seconds };
}

const things = (report: Report["hosts"][number]): string[] =>
  report.drifted.map(({ kind, name }) => `${kind} ${name}`).sort();

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await vps.exec(
    "useradd --create-home ops && install -d -m 0700 -o ops /home/ops/.ssh && " +
      "install -m 0600 -o ops /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys && " +
      "echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops && rm -r /root/.ssh",
  );
  await vps.load("debian:bookworm-slim");
  await stack.init();
  stack.configure({
    hosts: {
      vps10: {
        kind: "vps",
        address: vps.address,
        user: "ops",
        hostKey: await vps.hostKey(),
        identity: { keyFile: await LabVps.keyFile() },
        minimum: { diskGiB: 2 },
        recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      },
    },
    edge: { domain: "doc.test" },
    chat: {},
    images: {},
    mycelium: {
      source: { kind: "file", path: path.join(projectRoot, "lab", "apps", "mycelium", "mycelium") },
      tun: false,
    },
  });
  expectSuccess(await stack.up());
});

afterAll(async () => {
  await stack.destroy();
  await vps.down();
  stack.remove();
});

test("what was deployed is as it should be, which one login tells", async () => {
  const before = await vps.logins();
  const { code, report, seconds } = await diagnose();
  expect(things(report)).toEqual([]);
  expect(code).toBe(0);
  expect(report.compared).toBeGreaterThan(40);
  expect((await vps.logins()) - before).toBeLessThanOrEqual(1);
  // Two on a quiet machine; this one has others at work.
  expect(seconds).toBeLessThan(15);
  // The connection is kept for a minute.
  await diagnose();
  expect((await vps.logins()) - before).toBeLessThanOrEqual(1);
});

test("whatever was changed by hand is shown, with host, thing and difference", async () => {
  await vps.exec(
    [
      "sed -i 's/^PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config.d/10-hypha.conf",
      "handle=$(nft -a list chain inet hypha input | sed -n 's/.*tcp dport .*9651.* # handle //p')",
      "nft delete rule inet hypha input handle $handle",
      "systemctl stop mycelium",
      "echo 'peers = []' >/etc/mycelium/mycelium.toml",
      "dpkg --remove --force-depends unattended-upgrades",
      "chmod 0666 /etc/sysctl.d/90-hypha.conf",
      "gpasswd --delete muser docker",
      "docker node update --label-rm hypha.doc.data $(docker info --format '{{.Swarm.NodeID}}')",
      "docker service rm sleeper",
    ].join(" && "),
  );
  const run = await doctor();
  expect(run.code).toBe(1);
  const { report } = await diagnose();
  expect(things(report)).toEqual([
    "file /etc/mycelium/mycelium.toml",
    "file /etc/ssh/sshd_config.d/10-hypha.conf",
    "file /etc/sysctl.d/90-hypha.conf",
    "group docker muser",
    "node label vps10 hypha.doc.data",
    "package unattended-upgrades",
    "rules table inet hypha",
    "service sleeper",
    "setting sshd",
    "unit mycelium.service",
  ]);
  expect(run.output).toContain(`vps10: ${report.compared} things compared, 10 differ`);
  expect(run.output).toContain("    -PasswordAuthentication yes\n    +PasswordAuthentication no\n");
  expect(run.output).toMatch(/^ {4}\+\s+tcp dport .*9651.* accept$/m);
  expect(run.output).toContain("    -enabled, inactive\n    +enabled, active\n");
  expect(run.output).toContain("    -mode 666, owner root:root\n    +mode 644, owner root:root\n");
  expect(run.output).toContain("    +sleeper debian:bookworm-slim\n");
});

test("without a terminal and without --yes nothing is touched", async () => {
  const state = await stack.state();
  const run = await doctor("--fix", "--config-file", configFile);
  expect(run.code).toBe(2);
  expect(run.output).toContain("there is no terminal to ask on");
  expect(await stack.state()).toBe(state);
});

test("FIX puts right these and nothing else, and up has nothing left to do", async () => {
  const run = await doctor("--fix", "--yes", "--config-file", configFile);
  expectSuccess(run);
  // First the host; then, once a refresh has found that the service is gone, what Docker keeps.
  const [, hostUp = "", dockerUp = ""] = run.output
    .split("Updating (")
    .map((part) => part.replace(/Duration:[^]*/, ""));
  expect(countChanges(hostUp)).toMatchObject({ created: 0, updated: 5, replaced: 0 });
  expect(countChanges(dockerUp)).toMatchObject({ created: 1, updated: 0, deleted: 0, replaced: 0 });
  const updated = [...hostUp.matchAll(/^ ~ +\S+ (\S+) updated/gm)].map(([, name]) => name).sort();
  expect(updated).toEqual([
    "cluster-node-vps10",
    "vps10-hardening-apply",
    "vps10-hardening-confirm",
    "vps10-mycelium-service",
    "vps10-prepare",
  ]);
  expect(run.output).toMatch(/things compared, none differs\n$/);
  const again = await stack.up();
  expectSuccess(again);
  expect(countChanges(again.output)).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("the state kept from before the repair holds no secret in the clear, and is the owner's alone", () => {
  const backups = path.join(stack.directory, "backups");
  const files = fs.readdirSync(backups).map((name) => path.join(backups, name));
  expect(files).toHaveLength(1);
  for (const file of files) {
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(file, "utf8")).toContain("ciphertext");
    expect(fs.readFileSync(file, "utf8")).not.toMatch(/PRIVATE KEY|"plaintext"|export KEY=/);
  }
});

test("a host that cannot be reached is told, and is no drift", async () => {
  await vps.exec("systemctl stop ssh.socket ssh.service; pkill -u ops || true");
  const run = await doctor();
  await vps.exec("systemctl start ssh");
  expect(run.code).toBe(2);
  expect(run.output).toMatch(/^vps10: .*\n {2}could not be checked: .*(refused|closed)/m);
});
