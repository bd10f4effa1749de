import * as path from "path";
import { rebootTime } from "../../components/host/hardeningRender";
import { LabVps } from "./support/lab";
import { documented, installLynis, lynis } from "./support/lynis";
import { countChanges, expectSuccess, must, Run, Stack, until } from "./support/stack";

/** A server is closed but for what is declared, whatever Docker publishes; and a change that shuts us out goes back. */
const vps = new LabVps(5);
const stack = new Stack("hard", path.join(__dirname, "fixtures", "hardening"));
const httpPort = 8080;
let host: Record<string, unknown>;
let indexBefore: number;

async function up(hardening: Record<string, unknown> = {}, ...options: string[]): Promise<Run> {
  stack.configure({
    hosts: { vps5: { ...host, hardening } },
    edge: { domain: "hard.test", ports: { http: httpPort, https: 8443 } },
    chat: {},
    images: {},
  });
  return stack.up(...options);
}

/** What a port answers, or undefined. */
async function answerOf(port: number): Promise<string | undefined> {
  const line = 'timeout 3 bash -c "exec 3<>/dev/tcp/$0/$1 && cat <&3"';
  const run = await must("bash", ["-c", `${line} || true`, vps.address, String(port)]);
  return /^\w+$/m.exec(run.output)?.[0];
}

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await installLynis(vps);
  indexBefore = (await lynis(vps)).index;
  await vps.load("debian:bookworm-slim");
  host = {
    kind: "vps",
    address: vps.address,
    hostKey: await vps.hostKey(),
    identity: { keyFile: await LabVps.keyFile() },
    minimum: { diskGiB: 2 },
    recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
  };
  await stack.init();
});

afterAll(async () => {
  await stack.destroy();
  await vps.down();
  stack.remove();
});

test("without the firewall every published port is open", async () => {
  const run = await up({ firewall: { enabled: false } });
  expect(run.output).toMatch(/\d+ created/);
  expectSuccess(run);
  const published = [22, 2377, 7946, httpPort, 9998, 9999];
  // Its containers may still be on their way.
  const open = await until("every published port is open", async () => {
    const seen = await vps.openPorts();
    return published.every((port) => seen.includes(port)) && seen;
  });
  expect(open).toEqual(published);
  expect(await answerOf(9998)).toBe("bridged");
});

test("with it only the declared ones are, and containers still reach each other and the outside", async () => {
  const run = await up();
  expectSuccess(run);
  expect(countChanges(run.output)).toMatchObject({ created: 0, updated: 2, replaced: 0, deleted: 0 });
  expect(await vps.openPorts()).toEqual([22, httpPort]);
  expect(await answerOf(httpPort)).toBe("declared");
  expect(await answerOf(9999)).toBeUndefined();
  const task = "$(docker ps -q --filter name=^undeclared)";
  expect(await vps.exec(`docker exec ${task} bash -c 'cat </dev/tcp/declared/80'`)).toBe("declared\n");
  for (const container of [task, "bridged"]) {
    await vps.exec(`docker exec ${container} apt-get update -qq -o APT::Update::Error-Mode=any`);
  }
});

test("the measures are in force, and what a container forbids is told", async () => {
  const sshd = "sshd -T | grep -E '^(passwordauthentication|permitrootlogin|maxauthtries) ' | sort";
  expect(await vps.exec(sshd)).toBe(
    "maxauthtries 4\npasswordauthentication no\npermitrootlogin without-password\n",
  );
  expect(await vps.exec("systemctl is-active fail2ban hypha-firewall")).toBe("active\nactive\n");
  expect(await vps.exec("fail2ban-client status sshd")).toContain("Journal matches");
  // Ten failed logins of a wrong account must not shut out the one who corrects it.
  expect(await vps.exec("fail2ban-client get sshd ignoreip")).toContain("10.77.0.1\n");
  expect(await vps.exec("apt-config dump Unattended-Upgrade::Automatic-Reboot-Time")).toContain(
    rebootTime("vps5"),
  );
  expect(await vps.exec("sysctl -n net.ipv4.conf.all.accept_redirects")).toBe("0\n");
  expect(await vps.exec("cat /etc/modprobe.d/hypha.conf")).toContain("\ninstall rds /bin/false\n");
  expect(await vps.exec("su - muser -c 'umask; ulimit -c; echo $TMOUT'")).toBe("0027\n0\n3600\n");
  expect(await vps.exec("ls /var/lib/hypha/hardening")).not.toContain("pending");
});

test("a weak password is refused and a good one taken; the packages' files are compared, and a changed one is named", async () => {
  const set = async (...words: string[]) =>
    (
      await vps.startExec(
        `printf '%s\\n' ${words.map((word) => `'${word}'`).join(" ")} | su muser -c passwd 2>&1`,
      )
    ).output;
  await vps.exec("echo 'muser:The 1st of them all' | chpasswd");
  const weak = "mossy 7";
  expect(await set("The 1st of them all", weak, weak, weak, weak, weak, weak)).toContain("BAD PASSWORD");
  expect(await set("The 1st of them all", "mossy 7 lanterns hum", "mossy 7 lanterns hum")).toContain(
    "successfully",
  );
  await vps.exec("usermod --password '!' muser");
  await vps.exec("systemctl start hypha-packages");
  await vps.exec("echo '# changed' >>/usr/bin/debsums");
  expect((await vps.startExec("systemctl start hypha-packages")).code).not.toBe(0);
  expect(await vps.exec("journalctl -u hypha-packages --no-pager")).toContain("/usr/bin/debsums");
  expect(await vps.exec("systemctl --failed --plain --no-legend")).toContain("hypha-packages.service");
  await vps.exec("sed -i '$ d' /usr/bin/debsums && systemctl start hypha-packages");
});

test("a terminal shows the notice, a command over SSH does not", async () => {
  const key = await LabVps.keyFile();
  const ssh = [
    "-i",
    key,
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    `root@${vps.address}`,
  ];
  expect((await must("ssh", [...ssh, "true"])).output).not.toContain("authorised");
  expect((await must("ssh", ["-tt", ...ssh], { input: "exit\n" })).output).toContain("authorised");
  expect(await vps.exec("cat /etc/issue /etc/issue.net")).toContain("authorised");
});

test("a second up changes nothing and opens no connection", async () => {
  const before = await vps.logins();
  const run = await up();
  expect(run.output).toMatch(/skipped swap: a container uses its host's/);
  expect(countChanges(run.output)).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  expectSuccess(run);
  expect(await vps.logins()).toBe(before);
});

test("lynis finds the server better, and what it still suggests is what the documentation explains", async () => {
  const { index, left } = await lynis(vps);
  expect(left).toEqual(documented("container"));
  expect(indexBefore).toBeLessThan(65);
  expect(index).toBeGreaterThanOrEqual(77);
});

test("rules that shut SSH out go back within a minute, and up says why it failed", async () => {
  const rules = await vps.exec("nft list table inet hypha");
  const run = await up({ firewall: { sshPort: 2222 } });
  expect(run.code).not.toBe(0);
  expect(run.output).toContain(
    "vps5: the new firewall or sshd settings shut out a fresh login, so the server put the old ones back",
  );
  expect(run.seconds).toBeLessThan(110);
  expect(await vps.exec("nft list table inet hypha")).toBe(rules);
  expect(await vps.exec("journalctl -u hypha-revert --no-pager")).toContain("Finished");
});

test("a run that was cut between change and login is finished by the next", async () => {
  expectSuccess(await up());
  const opened = { firewall: { tcp: [9999] } };
  expectSuccess(await up(opened, "--target", "**vps5-hardening-apply"));
  expect(await vps.openPorts()).toEqual([22, httpPort, 9999]);
  // The minute passes: the old state is back, and has been for long.
  await vps.exec("systemctl start hypha-revert && echo 1 >/var/lib/hypha/hardening/reverted");
  expect(await answerOf(9999)).toBeUndefined();
  const run = await up(opened);
  expectSuccess(run);
  expect(countChanges(run.output)).toMatchObject({ created: 0, updated: 1 });
  expect(await answerOf(9999)).toBe("undeclared");
  expect(await vps.exec("ls /var/lib/hypha/hardening")).not.toContain("pending");
});

test("destroy takes it back", async () => {
  const run = await stack.destroy();
  expectSuccess(run);
  const left =
    "ls -d /etc/hypha/* /etc/ssh/sshd_config.d/*hypha* /etc/fail2ban/jail.d/hypha* /etc/systemd/system/*hypha* " +
    "/etc/modprobe.d/hypha* /etc/security/limits.d/*hypha* /etc/systemd/coredump.conf.d/* /etc/profile.d/hypha* " +
    "/etc/needrestart/conf.d/hypha* /var/lib/hypha/hardening /etc/audit/rules.d/hypha* /etc/motd.d/hypha " +
    "/etc/security/pwquality.conf.d/hypha* /etc/issue*hypha";
  expect(await vps.exec(`${left} 2>/dev/null || true; nft list tables | grep hypha || true`)).toBe("");
  expect(await vps.exec("sshd -T | grep '^passwordauthentication '")).toBe("passwordauthentication yes\n");
  expect(await vps.exec("cat /etc/issue; dpkg-divert --list | grep hypha || true")).toMatch(
    /^Debian .*\n\n?$/,
  );
  expect(await vps.exec("grep -c pwquality /etc/pam.d/common-password || true")).toBe("0\n");
});
