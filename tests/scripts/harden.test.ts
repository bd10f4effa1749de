import { guarded, HardenBox } from "./hardenBox";
import { failure } from "./sandbox";

const state = "var/lib/hypha/hardening";
const rules = "etc/hypha/nftables.conf";
const dropIn = "etc/ssh/sshd_config.d/10-hypha.conf";
const confirm = (variables: Record<string, string>) => harden({ ...variables, CONFIRM: "yes" });
let box: HardenBox;
const harden: HardenBox["harden"] = (...args) => box.harden(...args);
const called = (pattern: RegExp) => box.called(pattern);

beforeEach(() => {
  box = new HardenBox();
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
    box.stub("nft", "[[ $* != *'list table inet hypha' ]]");
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
