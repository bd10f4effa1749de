import { hardening as schema } from "../../../components/config/hardening";
import { Hardening, HardeningArgs, needsAnotherLogin } from "../../../components/host/hardening";
import {
  renderAuditRules,
  renderNotice,
  renderPackageCheck,
  renderPasswordQuality,
} from "../../../components/host/hardeningOversight";
import {
  renderCoreDumps,
  renderFail2ban,
  renderFirewall,
  renderJournald,
  renderModules,
  renderRestarts,
  renderShells,
  renderSshd,
  renderSysctl,
  rebootTime,
  renderUpgrades,
} from "../../../components/host/hardeningRender";
import { shellAssign } from "../../../components/shell/quote";
import { outputOf } from "../../support/mocks";
import { endpoint, hardened, noOptions, RegisteredHook, run, sent, waitsFor } from "../fixtures";

const args: HardeningArgs = {
  host: "web1",
  endpoint,
  ports: [80, 443],
  fleet: [],
  memoryMiB: 4096,
  config: hardened,
};
const harden = (change: Partial<HardeningArgs> = {}) =>
  new Hardening("web1-hardening", { ...args, ...change });
const scripts = ["host/scripts/guard.sh", "host/scripts/oversight.sh", "host/scripts/harden.sh"];
const firewall = (change: Partial<Parameters<typeof renderFirewall>[0]> = {}) =>
  renderFirewall({ sshPort: 22, tcp: [80, 443, 9651], udp: [9651], fleet: [], ...change });
const files = {
  HOST_NAME: "web1",
  NFTABLES_CONF: firewall(),
  SSHD_CONF: renderSshd(true),
  FAIL2BAN_CONF: renderFail2ban(60, 22),
  UPGRADES_CONF: renderUpgrades(rebootTime("web1")),
  RESTARTS_CONF: renderRestarts(),
  JOURNALD_CONF: renderJournald(512),
  TIME_SYNC: "yes",
  SWAP_MIB: "4096",
  SYSCTL_CONF: renderSysctl(),
  MODULES_CONF: renderModules(),
  CORE_LIMITS_CONF: renderCoreDumps().limits,
  CORE_PROFILE: renderCoreDumps().profile,
  COREDUMP_CONF: renderCoreDumps().systemd,
  SHELLS_PROFILE: renderShells(60),
  AUDIT_RULES: renderAuditRules(),
  CHECK_UNIT: renderPackageCheck().service,
  CHECK_TIMER_UNIT: renderPackageCheck().timer,
  PASSWORDS_CONF: renderPasswordQuality(12),
  NOTICE: renderNotice(hardened.notice.text),
};

describe("Hardening", () => {
  test("is one script and, after it, the same over a fresh login that confirms; only the first has an undo", async () => {
    const hooks: RegisteredHook[] = [];
    const { resources, byName, result } = await run(harden, { hooks });
    expect(resources.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "hypha:host:Hardening web1-hardening",
      "command:remote:Command web1-hardening-apply",
      "command:remote:Command web1-hardening-confirm",
    ]);
    const parent = byName("web1-hardening").urn;
    const connection = { host: "192.0.2.10", port: 22, user: "root", hostKey: endpoint.hostKey };
    const verbs = {
      create: "bash -s -- up",
      update: "bash -s -- up",
      logging: "stderr",
      addPreviousOutputInEnv: false,
    };
    const options = {
      ...noOptions,
      replaceOnChanges: ["triggers[*]"],
      additionalSecretOutputs: ["connection"],
    };
    expect(byName("web1-hardening-apply")).toMatchObject({
      parent,
      dependencies: [],

      options,
    });
    expect(byName("web1-hardening-apply").inputs).toEqual({
      ...verbs,
      delete: "bash -s -- down",
      connection: expect.objectContaining(connection),
      stdin: sent(shellAssign(files), ...scripts),
    });
    const hook = { onError: ["confirm-web1-hardening"] };
    expect(byName("web1-hardening-confirm")).toMatchObject({ parent, options: { ...options, hooks: hook } });
    expect(waitsFor(byName("web1-hardening-confirm"))).toEqual(["web1-hardening-apply"]);
    expect(byName("web1-hardening-confirm").inputs).toEqual({
      ...verbs,
      connection: expect.objectContaining(connection),
      stdin: sent(shellAssign({ ...files, CONFIRM: "yes" }), ...scripts),
    });
    expect(hooks.map(({ name }) => name)).toEqual(["confirm-web1-hardening"]);
    expect(await outputOf(result.skipped)).toEqual({ value: [], secret: false });
  });

  test.each([
    ["firewall", { NFTABLES_CONF: "" }],
    ["sshd", { SSHD_CONF: "" }],
    ["fail2ban", { FAIL2BAN_CONF: "" }],
    ["unattendedUpgrades", { UPGRADES_CONF: "", RESTARTS_CONF: "" }],
    ["journald", { JOURNALD_CONF: "" }],
    ["timeSync", { TIME_SYNC: "" }],
    ["swap", { SWAP_MIB: "0" }],
    ["sysctl", { SYSCTL_CONF: "" }],
    ["modules", { MODULES_CONF: "" }],
    ["coreDumps", { CORE_LIMITS_CONF: "", CORE_PROFILE: "", COREDUMP_CONF: "" }],
    ["shells", { SHELLS_PROFILE: "" }],
    ["auditd", { AUDIT_RULES: "" }],
    ["packageCheck", { CHECK_UNIT: "", CHECK_TIMER_UNIT: "" }],
    ["passwords", { PASSWORDS_CONF: "" }],
    ["notice", { NOTICE: "" }],
  ])("without %s only its variables are empty", async (measure, off) => {
    const config = schema.parse({ [measure]: { enabled: false } });
    const { byName } = await run(() => harden({ config }));
    expect(byName("web1-hardening-apply").inputs["stdin"]).toBe(
      sent(shellAssign({ ...files, ...off }), ...scripts),
    );
  });

  test("settings, another port of sshd, an account with sudo and the fleet reach the files", async () => {
    const config = schema.parse({
      firewall: { sshPort: 22, tcp: [3478], udp: [3478] },
      fail2ban: { banMinutes: 5 },
      unattendedUpgrades: { rebootAt: "never" },
      journald: { maxMiB: 64 },
      shells: { idleMinutes: 5 },
      passwords: { minLength: 16 },
      notice: { text: "Keep out.\nOr ask." },
    });
    const change = { config, fleet: ["192.0.2.11"], endpoint: { ...endpoint, port: 2222, user: "debian" } };
    const { byName } = await run(() => harden(change));
    const { inputs } = byName("web1-hardening-apply");
    expect(inputs).toMatchObject({
      create: "sudo -n bash -s -- up",
      delete: "sudo -n bash -s -- down",
      connection: { port: 2222, user: "debian" },
    });
    expect(inputs["stdin"]).toBe(
      sent(
        shellAssign({
          ...files,
          NFTABLES_CONF: firewall({ tcp: [80, 443, 9651, 3478], udp: [9651, 3478], fleet: ["192.0.2.11"] }),
          SSHD_CONF: renderSshd(false),
          FAIL2BAN_CONF: renderFail2ban(5, 22),
          UPGRADES_CONF: renderUpgrades("never"),
          JOURNALD_CONF: renderJournald(64),
          SHELLS_PROFILE: renderShells(5),
          PASSWORDS_CONF: renderPasswordQuality(16),
          NOTICE: "Keep out.\nOr ask.\n",
        }),
        ...scripts,
      ),
    );
  });

  test("what the server does not allow is shown and is an output", async () => {
    const shown = jest.spyOn(console, "warn").mockImplementation(() => undefined);
    const { result } = await run(harden, {
      stdout: () => '{"skipped":["swap: a container uses its host\'s"]}',
    });
    expect((await outputOf(result.skipped)).value).toEqual(["swap: a container uses its host's"]);
    expect(shown.mock.calls.flat().join("\n")).toContain("web1: skipped swap: a container uses its host's");
    shown.mockRestore();
  });

  test("the login is tried once more where the script asks for it, and never after a lock-out", () => {
    const again = "web1: what to do: applied again: a fresh login has to confirm";
    expect(needsAnotherLogin([again])).toBe(true);
    expect(needsAnotherLogin([again, again])).toBe(false);
    expect(needsAnotherLogin(["web1: the new firewall or sshd settings shut out a fresh login"])).toBe(false);
    expect(needsAnotherLogin([])).toBe(false);
  });
});

test("the fleet alone reaches the swarm's ports, by each family's addresses, in one order", () => {
  const rules = (fleet: string[]) =>
    firewall({ fleet })
      .split("\n")
      .filter((line) => line.includes("saddr {"));
  expect(rules([])).toEqual([]);
  expect(rules(["192.0.2.12", "2001:db8::1", "192.0.2.11", "192.0.2.12"])).toEqual(
    [
      "ip saddr { 192.0.2.11, 192.0.2.12 } tcp dport { 2377, 7946 } accept",
      "ip saddr { 192.0.2.11, 192.0.2.12 } udp dport { 4789, 7946 } accept",
      "ip saddr { 192.0.2.11, 192.0.2.12 } meta l4proto esp accept",
      "ip6 saddr { 2001:db8::1 } tcp dport { 2377, 7946 } accept",
      "ip6 saddr { 2001:db8::1 } udp dport { 4789, 7946 } accept",
      "ip6 saddr { 2001:db8::1 } meta l4proto esp accept",
    ].map((line) => `    ${line}`),
  );
});

test("root keeps its key only while it is the first contact", () => {
  expect(renderSshd(true)).toContain("\nPermitRootLogin prohibit-password\n");
  expect(renderSshd(false)).toContain("\nPermitRootLogin no\n");
});

test("services restart after an upgrade, the engine does not", () => {
  const name = /qr\((.*)\)/.exec(renderRestarts())?.[1] ?? "";
  const kept = (unit: string) => new RegExp(name).test(unit);
  expect(["docker.service", "containerd.service", "ssh.service", "docker-x.service"].map(kept)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("an idle shell ends after its minutes; a refused module has no way round", () => {
  expect(renderShells(5)).toContain("\numask 027\nTMOUT=300\n");
  expect(renderModules()).toContain("\ninstall sctp /bin/false\n");
});

test("hosts that were given no time reboot at different ones, each always at its own, in the small hours", () => {
  const times = Array.from({ length: 40 }, (_, index) => rebootTime(`host${index}`));
  for (const time of times) expect(time).toMatch(/^0[2-5]:[0-5]0$/);
  expect(new Set(times).size).toBeGreaterThan(12);
  expect(rebootTime("host7")).toBe(times[7]);
});

test("a reboot happens at its time or never", () => {
  expect(renderUpgrades("03:30")).toContain('Automatic-Reboot-Time "03:30";\n');
  expect(renderUpgrades("never")).toContain('Automatic-Reboot "false";\n');
  expect(renderUpgrades("never")).not.toContain("Automatic-Reboot-Time");
});
