import { renderAuditRules, renderNotice, renderPackageCheck } from "../../components/host/hardeningOversight";
import { HardenBox, off } from "./hardenBox";
import { facts } from "./sandbox";

let box: HardenBox;
const harden: HardenBox["harden"] = (...args) => box.harden(...args);
const drifted = (variables: Record<string, string>) =>
  Object.fromEntries(Object.entries(facts(harden(variables, "check"))).filter(([, diff]) => diff !== "ok"));
const skipped = (run: { stdout: string }) => (JSON.parse(run.stdout) as { skipped: string[] }).skipped;
const common = "etc/pam.d/common-password";

beforeEach(() => {
  box = new HardenBox();
  box
    .file("etc/issue", "Debian\n")
    .file("etc/issue.net", "Debian, by net\n")
    .file(common, "pam_unix.so\n")
    .stub("augenrules")
    .stub("pam-auth-update", `[[ $* != *--enable* ]] || echo pam_pwquality.so >>${box.root}/${common}`);
});
afterEach(() => {
  box.remove();
});

describe("the notice", () => {
  const on = { ...off, NOTICE: renderNotice("Members only.") };
  const shown = () => ["etc/issue", "etc/issue.net"].map((file) => box.read(file));

  test("stands in the place of the packages' files, which are kept for upgrades, and goes without a trace", () => {
    expect(harden(on).code).toBe(0);
    expect(harden(on).code).toBe(0);
    expect(shown()).toEqual(["Members only.\n", "Members only.\n"]);
    expect(box.read("etc/motd.d/hypha")).toBe("Members only.\n");
    expect(box.called(/^dpkg-divert.*--add/)).toEqual([
      "dpkg-divert --quiet --local --no-rename --divert /etc/issue.without-hypha --add /etc/issue",
      "dpkg-divert --quiet --local --no-rename --divert /etc/issue.net.without-hypha --add /etc/issue.net",
    ]);
    expect(drifted(on)).toEqual({});
    harden(off);
    expect(shown()).toEqual(["Debian\n", "Debian, by net\n"]);
    expect(box.has("etc/issue.without-hypha") || box.has("etc/motd.d/hypha")).toBe(false);
    expect(drifted(off)).toEqual({});
    harden(off);
    expect(shown()).toEqual(["Debian\n", "Debian, by net\n"]);
  });

  test("down takes it back, after a run that was cut between copy and diversion too", () => {
    box.file("etc/issue.without-hypha", "half a co");
    harden(on);
    harden(on, "down");
    expect(shown()).toEqual(["Debian\n", "Debian, by net\n"]);
  });

  test("a file that somebody wrote over is what differs", () => {
    harden(on);
    box.file("etc/issue", "Hello\n");
    expect(drifted(on)).toEqual({
      "file /etc/issue": " mode 644, owner root:root\n-Hello\n+Members only.\n",
    });
  });
});

describe("the audit of changes", () => {
  const on = { ...off, AUDIT_RULES: renderAuditRules() };

  test("has its package, its rules in the kernel and its service; off, no rules", () => {
    box.stub("dpkg-query", "[[ $* == *auditd ]] || echo installed");
    expect(harden(on)).toMatchObject({ code: 0, stdout: '{"skipped":[]}\n' });
    expect(box.called(/^apt-get .* install/)).toEqual([expect.stringMatching(/ auditd$/)]);
    expect(box.read("etc/audit/rules.d/hypha.rules")).toBe(renderAuditRules());
    expect(box.called(/^(augenrules|systemctl enable .*audit)/)).toEqual([
      "systemctl enable --quiet --now auditd",
      "augenrules --load",
    ]);
    box.stub("dpkg-query", "echo installed");
    harden(on);
    expect(box.called(/^augenrules/)).toHaveLength(1);
    expect(facts(harden(on, "check"))).toMatchObject({ "unit auditd.service": "ok", "package auditd": "ok" });
    harden(off);
    expect(box.has("etc/audit/rules.d/hypha.rules")).toBe(false);
    expect(box.called(/^(augenrules|systemctl disable .*audit)/).slice(-2)).toEqual([
      "augenrules --load",
      "systemctl disable --quiet auditd",
    ]);
  });

  test("is skipped in a container, and where the kernel does not take it", () => {
    box.stub("systemctl", "[[ $* != *is-active* && $* != *auditd* ]]");
    expect(skipped(harden(on))).toEqual([
      "the audit of changes: the kernel does not take it: journalctl -u auditd",
    ]);
    box.stub("systemd-detect-virt");
    expect(skipped(harden(on))).toEqual(["the audit of changes: a container has no audit of its own"]);
    expect(Object.keys(facts(harden(on, "check"))).filter((name) => name.includes("auditd"))).toEqual([]);
  });
});

test("the packages' files are compared by a timer, which goes before its unit does", () => {
  const { service, timer } = renderPackageCheck();
  const on = { ...off, CHECK_UNIT: service, CHECK_TIMER_UNIT: timer };
  expect(harden(on).code).toBe(0);
  expect(drifted(on)).toEqual({});
  expect(box.called(/^systemctl (enable|daemon)/)).toEqual([
    "systemctl daemon-reload",
    "systemctl enable --quiet --now hypha-packages.timer",
  ]);
  harden(on, "down");
  expect(box.entries("etc/systemd/system")).toEqual([]);
  expect(box.calls()).toContain("systemctl disable --quiet --now hypha-packages.timer");
});

test("weak passwords are refused by the module where it is in use, with the dictionary it needs", () => {
  const on = { ...off, PASSWORDS_CONF: "minlen = 12\n" };
  box.stub("dpkg-query", "[[ $* == *pwquality || $* == *cracklib* ]] || echo installed");
  expect(skipped(harden(on))).toEqual([]);
  expect(box.called(/^apt-get .* install/)).toEqual([
    expect.stringMatching(/ libpam-pwquality cracklib-runtime$/),
  ]);
  harden(on);
  expect(box.called(/^pam-auth-update/)).toEqual(["pam-auth-update --package --enable pwquality"]);
  harden(off);
  expect(box.called(/^pam-auth-update/).slice(1)).toEqual(["pam-auth-update --package --remove pwquality"]);
  box.stub("pam-auth-update").file(common, "by hand\n");
  expect(skipped(harden(on))).toEqual([expect.stringMatching(/common-password was changed by hand$/)]);
});
