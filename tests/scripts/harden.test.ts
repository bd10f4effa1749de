import { projectFile } from "../components/fixtures";
import { failure, Sandbox } from "./sandbox";

let box: Sandbox;
const state = "var/lib/hypha/hardening";
const rules = "etc/hypha/nftables.conf";
const dropIn = "etc/ssh/sshd_config.d/10-hypha.conf";
const off = {
  ...{ NFTABLES_CONF: "", SSHD_CONF: "", FAIL2BAN_CONF: "", UPGRADES_CONF: "", JOURNALD_CONF: "" },
  ...{ SYSCTL_CONF: "", TIME_SYNC: "", SWAP_MIB: "0", RESTARTS_CONF: "", MODULES_CONF: "" },
  ...{ CORE_LIMITS_CONF: "", COREDUMP_CONF: "", SHELLS_PROFILE: "" },
};
const guarded = { ...off, NFTABLES_CONF: "new rules\n", SSHD_CONF: "PasswordAuthentication no\n" };
const script =
  projectFile("components", "host/scripts/guard.sh") + projectFile("components", "host/scripts/harden.sh");
const harden = (variables: Record<string, string> = off, verb: "up" | "down" = "up") =>
  box.bash(script, variables, verb);
const confirm = (variables: Record<string, string>) => harden({ ...variables, CONFIRM: "yes" });
const called = (pattern: RegExp) =>
  box
    .calls()
    .filter((call) => pattern.test(call))
    .map((call) => call.replaceAll(box.root, ""));

/** A server where every package is there, and where nft and sshd take what they are given. */
beforeEach(() => {
  box = new Sandbox();
  box
    .file("proc/swaps", "Filename Type Size Used Priority\n")
    .stub("install", 'mkdir -p "$(dirname "${@: -1}")" && cat >"${@: -1}"')
    .stub("systemctl", '[[ "$*" != *is-active* ]]')
    .stub("systemd-run")
    .stub("systemd-detect-virt", "exit 1")
    .stub("dpkg-query", "echo installed")
    .stub("apt-get")
    .stub("nft")
    .stub("sshd", "[[ $1 != -T ]] || echo 'passwordauthentication no'")
    .stub("sysctl")
    .stub("df", "printf 'Filesystem 1M Used Available\\n/dev/x 9 1 102400 1%% /\\n'")
    .stub("fallocate", ': >"$3"')
    .stub("mkswap")
    .stub("date", "echo 1000000")
    .stub("flock");
});
afterEach(() => {
  box.remove();
});

describe("firewall and sshd", () => {
  test("the old state is saved and the way back armed before anything changes", () => {
    box.file(rules, "old rules\n");
    expect(harden(guarded)).toMatchObject({ code: 0, stdout: '{"skipped":[]}\n' });
    expect(box.read(`${state}/before/nftables.conf`)).toBe("old rules\n");
    expect(box.has(`${state}/before/10-hypha.conf`)).toBe(false);
    expect(box.read(rules)).toBe("new rules\n");
    expect(box.read(dropIn)).toBe("PasswordAuthentication no\n");
    expect(box.has(`${state}/pending`)).toBe(true);
    const order = called(/^(systemd-run|install .*(nftables|10-hypha)\.conf|systemctl (reload|try))/);
    expect(order).toEqual([
      "systemd-run --quiet --unit=hypha-revert.service --on-active=60 --timer-property=AccuracySec=1s",
      `install -m 0644 /dev/stdin /${rules}`,
      `install -m 0644 /dev/stdin /${dropIn}`,
      "systemctl reload-or-restart hypha-firewall.service",
      "systemctl try-reload-or-restart ssh.service",
    ]);
  });

  test("the revert that was armed puts back what was, and removes what was not", () => {
    box.file(rules, "old rules\n");
    harden(guarded);
    const before = box.calls().length;
    expect(box.bash(box.read(`${state}/revert`))).toMatchObject({ code: 0 });
    expect(box.read(rules)).toBe("old rules\n");
    expect(box.has(dropIn)).toBe(false);
    expect(box.has(`${state}/pending`)).toBe(false);
    expect(box.read(`${state}/reverted`)).toBe("1000000\n");
    expect(box.calls().slice(before)).toContain("systemctl try-reload-or-restart ssh.service");
  });

  test("a fresh login stops the timer, and a late revert does nothing", () => {
    harden(guarded);
    expect(confirm(guarded)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(box.calls()).toContain("systemctl stop hypha-revert.timer");
    expect(box.bash(box.read(`${state}/revert`))).toMatchObject({ code: 0 });
    expect(box.read(rules)).toBe("new rules\n");
  });

  test("once confirmed, the same again arms and changes nothing; a lost table does", () => {
    harden(guarded);
    confirm(guarded);
    const before = box.calls().length;
    harden(guarded);
    expect(confirm(guarded).code).toBe(0);
    expect(
      box
        .calls()
        .slice(before)
        .filter((call) => /^(systemd-run|install|systemctl (re|try))/.test(call)),
    ).toEqual([]);
    box.stub("nft", "[[ $* != 'list table inet hypha' ]]");
    harden(guarded);
    expect(box.calls().slice(before)).toContain("systemctl reload-or-restart hypha-firewall.service");
  });

  test("a second change before the login keeps the state of before the first", () => {
    box.file(rules, "old rules\n");
    harden(guarded);
    harden({ ...guarded, NFTABLES_CONF: "newer rules\n" });
    expect(box.read(`${state}/before/nftables.conf`)).toBe("old rules\n");
    expect(box.read(rules)).toBe("newer rules\n");
  });

  test("a login that comes in only after the revert fails and says why", () => {
    harden(guarded);
    box.bash(box.read(`${state}/revert`));
    box.stub("date", "echo 1000020");
    expect(confirm(guarded)).toMatchObject(
      failure(
        "the new firewall or sshd settings shut out a fresh login, so the server put the old ones back",
        "check hypha:hosts.web1.port (it must be sshd's own), .user and .hardening",
      ),
    );
    expect(box.has(rules)).toBe(false);
  });

  test("a login of a later run applies what the interrupted one had not confirmed, then asks for another", () => {
    harden(guarded);
    box.bash(box.read(`${state}/revert`));
    box.stub("date", "echo 1009999");
    expect(confirm(guarded)).toMatchObject(
      failure("an interrupted run had left the old state", "applied again: a fresh login has to confirm"),
    );
    expect(box.read(rules)).toBe("new rules\n");
    expect(box.has(`${state}/pending`)).toBe(true);
    expect(confirm(guarded).code).toBe(0);
    expect(box.has(`${state}/pending`)).toBe(false);
  });

  test.each([
    ["nft", "[[ $1 != -c ]]", "the kernel refuses the firewall's rules"],
    ["sshd", "[[ $* != '-t -f'* ]]", "sshd refuses its new settings"],
  ])("what %s refuses is never put in place", (tool, body, what) => {
    box.stub(tool, body);
    const { code, stderr } = harden(guarded);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`web1: ${what}\n`) });
    expect(box.has(rules) || box.has(dropIn) || box.has(`${state}/pending`)).toBe(false);
  });

  test("settings that sshd's own file overrules are taken back at once", () => {
    box.stub("sshd", "[[ $1 != -T ]] || echo 'passwordauthentication yes'");
    expect(harden(guarded)).toMatchObject(
      failure(
        "the new firewall or sshd settings could not be applied; the old ones are back",
        "see the messages above",
      ),
    );
    expect(box.has(rules) || box.has(dropIn) || box.has(`${state}/pending`)).toBe(false);
  });

  test("without a timer nothing is changed", () => {
    box.stub("systemd-run", "exit 1");
    expect(harden(guarded).code).toBe(1);
    expect(box.has(rules) || box.has(dropIn)).toBe(false);
  });

  test("down removes table, drop-in, units and state", () => {
    harden(guarded);
    confirm(guarded);
    expect(harden(guarded, "down")).toMatchObject({ code: 0 });
    expect(box.calls()).toContain("nft delete table inet hypha");
    for (const path of [
      rules,
      dropIn,
      state,
      "etc/systemd/system/hypha-firewall.service",
      "etc/systemd/system/hypha-revert.service",
    ]) {
      expect(box.has(path)).toBe(false);
    }
  });
});

describe("the other measures", () => {
  const all = {
    ...off,
    FAIL2BAN_CONF: "[sshd]\n",
    UPGRADES_CONF: "x;\n",
    JOURNALD_CONF: "[Journal]\n",
    TIME_SYNC: "yes",
    SSH_CONNECTION: "192.0.2.99 50000 192.0.2.10 22",
  };

  test("only what is missing is installed, after its settings are there", () => {
    box.stub("dpkg-query", "[[ $* == *fail2ban ]] || echo installed");
    expect(harden(all)).toMatchObject({ code: 0, stdout: '{"skipped":[]}\n' });
    expect(called(/^(apt-get|install)/)).toEqual([
      "install -m 0644 /dev/stdin /etc/apt/apt.conf.d/52hypha-upgrades",
      "install -m 0644 /dev/stdin /etc/fail2ban/jail.d/hypha.local",
      "install -m 0644 /dev/stdin /etc/fail2ban/jail.d/hypha2-operator.local",
      "install -m 0644 /dev/stdin /etc/systemd/journald.conf.d/hypha.conf",
      "apt-get -qq -o DPkg::Lock::Timeout=120 update",
      "apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends fail2ban",
    ]);
    // Whoever deploys is never banned.
    expect(box.read("etc/fail2ban/jail.d/hypha2-operator.local")).toBe(
      "[sshd]\nignoreip = 127.0.0.0/8 ::1 192.0.2.99",
    );
    const before = box.calls().length;
    box.stub("dpkg-query", "echo installed");
    harden(all);
    expect(
      box
        .calls()
        .slice(before)
        .filter((call) => /^(apt-get|install|systemctl restart)/.test(call)),
    ).toEqual([]);
  });

  test("switched off, files and services go", () => {
    harden(all);
    expect(harden(off).code).toBe(0);
    expect(box.has("etc/fail2ban/jail.d/hypha.local") || box.has("etc/apt/apt.conf.d/52hypha-upgrades")).toBe(
      false,
    );
    expect(box.calls()).toContain("systemctl disable --quiet --now fail2ban");
  });

  test.each([
    ["RESTARTS_CONF", "etc/needrestart/conf.d/hypha.conf"],
    ["MODULES_CONF", "etc/modprobe.d/hypha.conf"],
    ["CORE_LIMITS_CONF", "etc/security/limits.d/90-hypha.conf"],
    ["COREDUMP_CONF", "etc/systemd/coredump.conf.d/hypha.conf"],
    ["SHELLS_PROFILE", "etc/profile.d/hypha.sh"],
  ])("%s is its file; switched off, or taken down, it goes", (variable, file) => {
    const on = { ...off, [variable]: "text\n" };
    expect(harden(on).code).toBe(0);
    expect(box.read(file)).toBe("text\n");
    harden(off);
    expect(box.has(file)).toBe(false);
    harden(on);
    harden(on, "down");
    expect(box.has(file)).toBe(false);
  });

  test("a module that is loaded stays usable, and is told", () => {
    box.file("proc/modules", "usb_storage 81920 1 uas, Live 0x0\nsctp_diag 16384 0\n");
    const text = "# x\ninstall usb-storage /bin/false\ninstall sctp /bin/false\n";
    expect(harden({ ...off, MODULES_CONF: text })).toMatchObject({
      code: 0,
      stdout: '{"skipped":["module usb-storage: it is loaded, so something uses it"]}\n',
    });
    expect(box.read("etc/modprobe.d/hypha.conf")).toBe("# x\ninstall sctp /bin/false\n");
  });

  test("swap is a file by its unit, unless there is swap or too little disk", () => {
    const swap = { ...off, SWAP_MIB: "4096" };
    expect(harden(swap)).toMatchObject({ code: 0, stdout: '{"skipped":[]}\n' });
    expect(called(/^fallocate/)).toEqual(["fallocate -l 4096M /var/lib/hypha/swapfile.new"]);
    expect(called(/^systemctl enable .*swap/)).toEqual([
      "systemctl enable --quiet --now var-lib-hypha-swapfile.swap",
    ]);
    harden(swap);
    expect(called(/^fallocate/)).toHaveLength(1);
    harden(off);
    expect(box.has("var/lib/hypha/swapfile")).toBe(false);
    expect(harden({ ...off, SWAP_MIB: "40960" }).stdout).toContain(
      "swap: 40960 MiB would take over a quarter",
    );
    box.file("proc/swaps", "Filename\n/dev/sda2 partition 1 0 -2\n");
    expect(harden(swap).stdout).toBe('{"skipped":[]}\n');
    expect(called(/^fallocate/)).toHaveLength(1);
  });

  test("what a container forbids is skipped and told, and what the kernel refuses too", () => {
    box.stub("systemd-detect-virt").stub("sysctl", "[[ $* != *rp_filter* ]]");
    const sysctl = "# x\nkernel.sysrq = 0\nnet.ipv4.conf.all.rp_filter = 2\nnet.ipv4.tcp_syncookies = 1\n";
    const { code, stdout } = harden({ ...off, TIME_SYNC: "yes", SWAP_MIB: "10", SYSCTL_CONF: sysctl });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      skipped: [
        "time synchronisation: a container has its host's clock",
        "swap: a container uses its host's",
        "kernel.sysrq: a container shares these with its host",
        "net.ipv4.conf.all.rp_filter: the kernel does not have or allow these",
      ],
    });
    expect(called(/^sysctl/)).toEqual([
      "sysctl -qw net.ipv4.conf.all.rp_filter=2",
      "sysctl -qw net.ipv4.tcp_syncookies=1",
    ]);
  });

  test("another time service is left alone", () => {
    box.stub("systemctl");
    harden({ ...off, TIME_SYNC: "yes" });
    expect(called(/timesyncd/)).toEqual([]);
  });

  test("packages that cannot be had are a failure that says so", () => {
    box.stub("dpkg-query", "exit 1").stub("apt-get", "[[ $* == *update ]]");
    expect(harden(all)).toMatchObject(
      failure(
        "the packages fail2ban nftables python3-systemd unattended-upgrades needrestart systemd-timesyncd could not be installed",
        "see the messages above, or switch the measure off under hypha:hosts.web1.hardening",
      ),
    );
  });
});
