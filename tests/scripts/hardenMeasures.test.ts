import { HardenBox, off } from "./hardenBox";
import { failure } from "./sandbox";

let box: HardenBox;
const harden: HardenBox["harden"] = (...args) => box.harden(...args);
const called = (pattern: RegExp) => box.called(pattern);

beforeEach(() => {
  box = new HardenBox();
});
afterEach(() => {
  box.remove();
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
      "install -m 0644 /dev/stdin /etc/systemd/journald.conf.d/hypha.conf",
      "install -m 0644 /dev/stdin /etc/fail2ban/jail.d/hypha2-operator.local",
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
    ["CORE_PROFILE", "etc/profile.d/hypha-core.sh"],
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
        "the packages nftables fail2ban python3-systemd unattended-upgrades needrestart systemd-timesyncd could not be installed",
        "see the messages above, or switch the measure off under hypha:hosts.web1.hardening",
      ),
    );
  });
});
