import { guarded, HardenBox, runningUnits } from "./hardenBox";
import { facts } from "./sandbox";

const dropIn = "etc/ssh/sshd_config.d/10-hypha.conf";
let box: HardenBox;
const harden: HardenBox["harden"] = (...args) => box.harden(...args);
const all = { ...guarded, FAIL2BAN_CONF: "[sshd]\n", SYSCTL_CONF: "net.a.b = 2\nkernel.c = 1\n" };
const client = { SSH_CONNECTION: "192.0.2.99 50000 192.0.2.10 22" };
const drifted = (variables: Record<string, string> = all) =>
  Object.fromEntries(Object.entries(facts(harden(variables, "check"))).filter(([, diff]) => diff !== "ok"));

beforeEach(() => {
  box = new HardenBox();
  box
    .file("proc/sys/net/a/b", "2\n")
    .file("proc/sys/kernel/c", "1\n")
    .stub("sysctl", `[[ $1 != -n ]] || cat ${box.root}/proc/sys/\${2//./\\/}`);
  harden({ ...all, ...client });
  harden({ ...all, ...client, CONFIRM: "yes" });
});

afterEach(() => {
  box.remove();
});

test("check finds everything in order after up, from wherever it is asked, and changes nothing", () => {
  const before = box.calls().length;
  const things = facts(harden(all, "check"));
  expect(things).toMatchObject({
    "file /etc/ssh/sshd_config.d/10-hypha.conf": "ok",
    "file /etc/fail2ban/jail.d/hypha2-operator.local": "ok",
    "package fail2ban": "ok",
    "unit hypha-firewall.service": "ok",
    "rules table inet hypha": "ok",
    "setting sshd": "ok",
    "kernel net.a.b": "ok",
    "kernel kernel.c": "ok",
  });
  expect(drifted()).toEqual({});
  const changed = /^(install|rm|systemctl (?!show|is-active)|apt-get|systemd-run|sysctl -qw)/;
  expect(
    box
      .calls()
      .slice(before)
      .filter((call) => changed.test(call)),
  ).toEqual([]);
});

test("shows what was changed, stopped, removed or added by hand", () => {
  box
    .file(dropIn, "PasswordAuthentication yes\n")
    .file("proc/sys/net/a/b", "0\n")
    .stub("dpkg-query", "[[ $* == *fail2ban ]] || echo installed")
    .stub("nft", "[[ $* != *list* ]] || echo 'table inet other'")
    .stub("sshd", "echo 'passwordauthentication yes'")
    .stub("systemctl", runningUnits.replace("echo active", "echo inactive"));
  expect(drifted({ ...all, NFTABLES_CONF: "new rules\n" })).toEqual({
    "file /etc/ssh/sshd_config.d/10-hypha.conf":
      " mode 644, owner root:root\n-PasswordAuthentication yes\n+PasswordAuthentication no\n",
    "kernel net.a.b": "-0\n+2\n",
    "package fail2ban": "+installed\n",
    "rules table inet hypha": "-table inet other\n+table inet hypha\n",
    "setting sshd": "-passwordauthentication yes\n+passwordauthentication no\n",
    "unit fail2ban.service": "-enabled, inactive\n+enabled, active\n",
    "unit hypha-firewall.service": "-enabled, inactive\n+enabled, active\n",
  });
});

test("of a measure that is off, a left file is what differs", () => {
  expect(drifted({ ...all, SSHD_CONF: "" })).toEqual({
    "file /etc/ssh/sshd_config.d/10-hypha.conf": "-mode 644, owner root:root\n-PasswordAuthentication no\n",
  });
});

test("the login that confirms looks at firewall and sshd alone, so that it follows whenever they are set again", () => {
  const things = Object.keys(facts(harden({ ...all, CONFIRM: "yes" }, "check")));
  expect(things).toContain("rules table inet hypha");
  expect(things.filter((name) => /package|kernel|fail2ban/.test(name))).toEqual([]);
});

test("a kernel module that is loaded is not missed in its file", () => {
  const MODULES_CONF = "install usb-storage /bin/false\ninstall sctp /bin/false\n";
  box.file("proc/modules", "usb_storage 81920 1 uas, Live 0x0\n");
  harden({ ...all, ...client, MODULES_CONF });
  expect(drifted({ ...all, MODULES_CONF })).toEqual({});
  box.file("etc/modprobe.d/hypha.conf", MODULES_CONF);
  expect(drifted({ ...all, MODULES_CONF })).toEqual({
    "file /etc/modprobe.d/hypha.conf":
      " mode 644, owner root:root\n-install usb-storage /bin/false\n install sctp /bin/false\n",
  });
});

test("swap is looked at where Hypha made it", () => {
  expect(facts(harden({ ...all, SWAP_MIB: "64" }, "check"))).toMatchObject({
    "file /etc/systemd/system/var-lib-hypha-swapfile.swap": expect.stringContaining("+[Swap]") as string,
  });
  box.file("var/lib/hypha/swapfile.refused", "");
  expect(drifted({ ...all, SWAP_MIB: "64" })).toEqual({});
});

test("a rule that was removed is put back by up, with the way back armed", () => {
  box.stub("nft", "[[ $* != *list* ]] || echo 'table inet hypha, less a rule'");
  const before = box.calls().length;
  expect(harden({ ...all, ...client }).code).toBe(0);
  expect(box.calls().slice(before)).toContain("systemctl reload-or-restart hypha-firewall.service");
  expect(box.has("var/lib/hypha/hardening/pending")).toBe(true);
});

test("where no network can be made to compare the rules in, a table that is there is enough", () => {
  box.stub("unshare", "exit 1");
  expect(drifted()).toEqual({});
  box.stub("nft", "[[ $* != *list* ]]");
  expect(drifted()).toEqual({ "rules table inet hypha": "+table inet hypha\n" });
});
