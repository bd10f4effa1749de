import * as path from "path";
import { LabVps } from "../e2e/support/lab";
import { documented, installLynis, lynis } from "../e2e/support/lynis";
import { countChanges, expectSuccess, keep, Run, Stack, until } from "../e2e/support/stack";

/** What hardening can do only where the kernel is the server's own. The rest is the story of e2e/hardening.test.ts. */
const vps = new LabVps(78);
const stack = new Stack("hardvm", path.join(__dirname, "..", "e2e", "fixtures", "hardening"));

async function up(): Promise<Run> {
  stack.configure({
    hosts: { vps78: await vps.host() },
    edge: { domain: "hard.test", ports: { http: 8080, https: 8443 } },
    chat: {},
    images: {},
  });
  const run = await stack.up();
  expectSuccess(run);
  return run;
}

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await vps.load("debian:bookworm-slim");
  await stack.init();
});

afterAll(async () => {
  await vps.down();
  stack.remove();
});

test("every measure is in force: nothing is skipped", async () => {
  const run = await up();
  keep("vm-hardening.txt", run.output);
  expect(run.output).not.toMatch(/skipped/);
  expect(await vps.exec("swapon --noheadings --show=NAME | wc -l")).toBe("1\n");
  expect(
    await vps.exec("sysctl -n kernel.kptr_restrict fs.protected_fifos net.ipv4.conf.all.log_martians"),
  ).toBe("2\n2\n1\n");
  expect(
    await vps.exec("systemctl is-active auditd fail2ban hypha-firewall systemd-timesyncd | sort -u"),
  ).toBe("active\n");
  await declaredPortsOpen();
});

/** An emulated machine takes minutes to start its first containers. */
const declaredPortsOpen = () =>
  until(
    "the declared ports are open, and no other",
    async () => String(await vps.openPorts()) === "22,8080",
    600,
  );

/** What the audit log has of a key, as people read it; without a terminal ausearch would read its standard input. */
const audited = (key: string) => vps.exec(`ausearch --input-logs -i -k ${key} 2>/dev/null || true`);

test("what is changed, and by whom, is in the audit log", async () => {
  expect(await vps.exec("auditctl -s | grep '^enabled'")).toMatch(/^enabled [12]$/m);
  expect(Number(await vps.exec("auditctl -l | grep -c hypha"))).toBeGreaterThan(5);
  await vps.exec("useradd --no-create-home stranger && userdel stranger && docker ps");
  await until("the change of accounts is there", async () =>
    (await audited("hypha-accounts")).includes("/etc/passwd"),
  );
  await until("so is whoever called docker", async () => /docker ps/.test(await audited("hypha-engine")));
});

test("a reboot later it is as it was, and a second up has nothing to do", async () => {
  const rules = await vps.exec("nft list table inet hypha | grep -v counter");
  await vps.restart();
  await until("the engine answers", async () => (await vps.exec("docker ps -q")).trim() !== "", 600);
  expect(await vps.exec("nft list table inet hypha | grep -v counter")).toBe(rules);
  await declaredPortsOpen();
  expect(countChanges((await up()).output)).toMatchObject({
    created: 0,
    updated: 0,
    deleted: 0,
    replaced: 0,
  });
});

test("lynis gives it 80 and more, and what it still suggests is what the documentation explains", async () => {
  await installLynis(vps);
  const { index, left } = await lynis(vps);
  keep("vm-lynis.txt", `${index}\n${left.join("\n")}\n`);
  expect(left).toEqual(documented("vm"));
  expect(index).toBeGreaterThanOrEqual(80);
});

test("destroy takes it back", async () => {
  expectSuccess(await stack.destroy());
  expect(await vps.exec("auditctl -l; ls /etc/audit/rules.d | grep hypha || true")).not.toContain("hypha");
});
