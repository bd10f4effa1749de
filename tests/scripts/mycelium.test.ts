import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { projectFile } from "../components/fixtures";
import { facts, failure, Run, Sandbox } from "./sandbox";

let box: Sandbox;
const library = "usr/local/lib/hypha";
const unit = "etc/systemd/system/mycelium.service";
const key = Buffer.alloc(32, 7);
const variables = {
  ...{ PROGRAM: "aaaaaaaaaaaa", CONFIG: "peers = []\n", UNIT: "# Made by Hypha\n", API_PORT: "8989" },
  ...{ TCP_PORTS: "9651 8989", UDP_PORTS: "9651", KEY: key.toString("base64"), TUN: "true" },
};
/** The half minute that a node is waited for is over at once. */
const script = projectFile("components", "mycelium/scripts/service.sh").replace("wait_for 30", "wait_for 0");
const service = (change: Partial<typeof variables> = {}): Run =>
  box.bash(script, { ...variables, ...change });
const inUse = () => readlinkSync(join(box.root, library, "mycelium")).replace(/.*mycelium-/, "");
const programs = () => readdirSync(join(box.root, library)).sort();
/** Calls since the start, or since there were `from`, that change what runs. */
const switches = (from = 0) =>
  box
    .calls()
    .slice(from)
    .filter((call) => /^systemctl (restart|start|stop|daemon-reload|disable)/.test(call));

/** A host whose systemd starts a healthy node, process 77, unless the program is named as broken. */
beforeEach(() => {
  box = new Sandbox();
  for (const tool of ["base64", "readlink", "date", "rmdir"]) box.real(tool);
  const { root } = box;
  box
    .directory("etc/mycelium")
    .directory("etc/systemd/system")
    .directory("var/lib/mycelium")
    .file(`${library}/mycelium-aaaaaaaaaaaa`, "a")
    .file(`${library}/mycelium-bbbbbbbbbbbb`, "b")
    .file(`${library}/mycelium-cccccccccccc`, "c")
    .file("proc/sys/net/ipv6/conf/default/disable_ipv6", "0\n")
    .stub("chown")
    .stub("journalctl", "echo 'the last words'")
    .stub("runuser", `[[ $* == *test* ]] || echo '{ "publicKey": "ab12", "address": "523:ac66::1" }'`)
    .stub(
      "systemctl",
      `case $1 in
       is-active) [[ -e ${root}/running ]] ;;
       show) [[ -e ${root}/running ]] && echo 77 || echo 0 ;;
       start | restart) : >${root}/running ;;
       disable) rm -f ${root}/running ;;
       esac`,
    )
    .stub(
      "ss",
      `[[ ! -e ${root}/squatter ]] || echo 'LISTEN 0 1 * * users:(("x",pid=1234567,fd=3))'
       if [[ -e ${root}/running ]] && ! grep -qs "$(readlink ${root}/${library}/mycelium | tail -c 2)" ${root}/broken
       then echo 'LISTEN 0 1 * * users:(("mycelium",pid=77,fd=3))'; fi`,
    )
    .stub("timeout", `echo '{"nodeSubnet":"523:ac66::/64","nodePubkey":"ab12"}'`);
});
afterEach(() => {
  box.remove();
});

describe("service check", () => {
  const check = () => facts(box.bash(script, variables, "check"));
  const enabled = `case "$*" in *UnitFileState*) echo enabled ;; *ActiveState*) echo active ;; *MainPID*) echo 77 ;; esac`;

  test("compares key, configuration, unit, link and whether it runs, and changes nothing", () => {
    service();
    box.stub("systemctl", enabled);
    const before = box.calls().length;
    expect([...new Set(Object.values(check()))]).toEqual(["ok"]);
    box
      .file("var/lib/mycelium/priv_key.bin", "another key")
      .file("etc/mycelium/mycelium.toml", "peers = [1]\n")
      .stub("systemctl", enabled.replace("echo active", "echo inactive"))
      .bash("ln -sfn /x usr/local/lib/hypha/mycelium");
    const { stdout } = box.bash(script, variables, "check");
    expect(stdout).not.toContain("another key");
    expect(check()).toEqual({
      "file /var/lib/mycelium/priv_key.bin":
        "-mode 600, owner mycelium:mycelium, another content\n+mode 600, owner mycelium:mycelium, the stack's content\n",
      "file /etc/mycelium/mycelium.toml": " mode 644, owner root:root\n-peers = [1]\n+peers = []\n",
      "file /etc/systemd/system/mycelium.service": "ok",
      "link /usr/local/lib/hypha/mycelium": expect.stringMatching(
        /^-\/x\n\+.*mycelium-aaaaaaaaaaaa\n$/,
      ) as string,
      "unit mycelium.service": "-enabled, inactive\n+enabled, active\n",
    });
    expect(switches(before)).toEqual([]);
  });

  test("what anyone may read is put right by up", () => {
    service();
    box.bash("chmod 644 var/lib/mycelium/priv_key.bin");
    expect(service().code).toBe(0);
    expect(statSync(join(box.root, "var/lib/mycelium/priv_key.bin")).mode & 0o777).toBe(0o600);
  });
});

describe("service up", () => {
  test("puts key, configuration, unit and link in place, starts, and tells who the node is", () => {
    const { code, stdout, stderr } = service();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      ...{ address: "523:ac66::1", subnet: "523:ac66::/64", publicKey: "ab12" },
    });
    const file = "var/lib/mycelium/priv_key.bin";
    expect(box.read(file)).toBe(key.toString());
    expect(statSync(join(box.root, file)).mode & 0o777).toBe(0o600);
    expect(box.read("etc/mycelium/mycelium.toml")).toBe(variables.CONFIG);
    expect(box.read(unit)).toBe(variables.UNIT);
    expect(inUse()).toBe("aaaaaaaaaaaa");
    expect(switches()).toEqual(["systemctl daemon-reload", "systemctl restart mycelium.service"]);
    expect(box.calls()).toContain("systemctl enable --quiet mycelium.service");
    expect(box.calls().some((call) => call.startsWith("chown mycelium:mycelium "))).toBe(true);
  });

  test("hands the key to no command and prints it nowhere", () => {
    box.stub("runuser", `env >${box.root}/environment; echo '{ "publicKey": "ab12", "address": "5::1" }'`);
    const { stdout, stderr } = service();
    for (const text of [stdout, stderr, box.calls().join("\n"), box.read("environment")]) {
      expect(text).not.toContain(variables.KEY);
      expect(text).not.toContain(key.toString());
    }
  });

  test("run again it restarts nothing", () => {
    service();
    const before = box.calls().length;
    expect(service().code).toBe(0);
    expect(switches(before)).toEqual(["systemctl start mycelium.service"]);
  });

  test.each([
    ["configuration", { CONFIG: "peers = [1]\n" }],
    ["unit", { UNIT: "# Made by Hypha, again\n" }],
    ["key", { KEY: Buffer.alloc(32, 8).toString("base64") }],
    ["program", { PROGRAM: "bbbbbbbbbbbb" }],
  ])("another %s is one restart", (_, change) => {
    service();
    const before = box.calls().length;
    expect(service(change).code).toBe(0);
    expect(switches(before)).toEqual(["systemctl daemon-reload", "systemctl restart mycelium.service"]);
  });

  test("what an interrupted run had put in place is started by the next", () => {
    service();
    box.file("etc/mycelium/.pending", "");
    const before = box.calls().length;
    expect(service().code).toBe(0);
    expect(switches(before)).toContain("systemctl restart mycelium.service");
    expect(box.has("etc/mycelium/.pending")).toBe(false);
  });

  test("the program before stays for the way back, older ones go", () => {
    service();
    expect(programs()).toHaveLength(4);
    expect(service({ PROGRAM: "bbbbbbbbbbbb" }).code).toBe(0);
    expect(inUse()).toBe("bbbbbbbbbbbb");
    expect(programs()).toEqual(["mycelium", "mycelium-aaaaaaaaaaaa", "mycelium-bbbbbbbbbbbb"]);
    expect(service().code).toBe(0);
    expect(inUse()).toBe("aaaaaaaaaaaa");
    expect(programs()).toEqual(["mycelium", "mycelium-aaaaaaaaaaaa", "mycelium-bbbbbbbbbbbb"]);
  });
});

describe("service up fails", () => {
  const hint = "see the lines above, or: journalctl -u mycelium.service";

  test("where a first node does not become healthy: its log is shown, and it is stopped", () => {
    box.file("broken", "a\n");
    const run = service();
    expect(run).toMatchObject(failure("the Mycelium node did not become healthy; it is stopped", hint));
    expect(run.stderr).toContain("web1: the last lines of its log:\nthe last words\n");
    expect(switches()).toContain("systemctl disable --quiet --now mycelium.service");
  });

  test("where a new one does not: what ran before runs again, and all programs are still there", () => {
    service();
    box.file("broken", "b\n");
    const run = service({ PROGRAM: "bbbbbbbbbbbb", CONFIG: "peers = [1]\n", UNIT: "# Made by Hypha 2\n" });
    expect(run).toMatchObject(
      failure("the Mycelium node did not become healthy; what ran before runs again", hint),
    );
    expect(inUse()).toBe("aaaaaaaaaaaa");
    expect(box.read("etc/mycelium/mycelium.toml")).toBe(variables.CONFIG);
    expect(box.read(unit)).toBe(variables.UNIT);
    expect(programs()).toHaveLength(4);
    expect(box.has("etc/mycelium/.pending")).toBe(false);
  });

  test("where neither runs, and says so", () => {
    service();
    box.file("broken", "a\nb\n");
    expect(service({ PROGRAM: "bbbbbbbbbbbb" })).toMatchObject(
      failure("the Mycelium node did not become healthy; what ran before does not run either", hint),
    );
  });

  test.each([
    ["no subnet", `echo '{"nodePubkey":"ab12"}'`],
    ["another key", `echo '{"nodeSubnet":"5::/64","nodePubkey":"cd34"}'`],
    ["nothing", "exit 1"],
  ])("where the API answers with %s", (_, body) => {
    box.stub("timeout", body);
    expect(service().stderr).toContain("the Mycelium node did not become healthy");
  });

  test("where a port is another's, before anything is changed", () => {
    box.file("squatter", "");
    expect(service()).toMatchObject(
      failure("TCP port 9651 is in use by another process", "stop it: the Mycelium node needs this port"),
    );
    expect(switches()).toEqual([]);
    expect(box.has("var/lib/mycelium/priv_key.bin")).toBe(false);
  });

  test("where an interface is wanted and cannot be, and only then", () => {
    box.file("proc/sys/net/ipv6/conf/default/disable_ipv6", "1\n");
    expect(service()).toMatchObject(
      failure("IPv6 is switched off", "switch it on: sysctl net.ipv6.conf.all.disable_ipv6=0; or set hypha:"),
    );
    box.stub("runuser", `[[ $* != *test* ]] && echo '{ "publicKey": "ab12", "address": "5::1" }'`);
    expect(service()).toMatchObject(
      failure("/dev/net/tun is missing or closed to the node", "load the module: modprobe tun;"),
    );
    expect(switches()).toEqual([]);
    expect(service({ TUN: "false" })).toMatchObject({ code: 0 });
  });

  test("where the program cannot run, before anything is switched", () => {
    box.stub("runuser", "[[ $* == *test* ]] || { echo 'Exec format error' >&2; exit 126; }");
    const run = service();
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(
      "web1: the program does not run: Exec format error\nweb1: what to do: is it built",
    );
    box.stub("runuser", "echo hello");
    expect(service().stderr).toContain("web1: the program does not tell the node's address");
    expect(switches()).toEqual([]);
  });

  test("where the host cannot tell who holds a port", () => {
    box.stub("ss").stub("command");
    const without = script.replace("command -v ss", "command -v no-ss");
    expect(box.bash(without, variables)).toMatchObject(
      failure("has no ss command", "install it: apt-get install iproute2"),
    );
  });
});

describe("account", () => {
  const account = (verb: "up" | "down") => box.run("mycelium/scripts/account.sh", {}, verb);
  beforeEach(() => {
    box
      .stub("id", `[[ -e ${box.root}/made-user ]]`)
      .stub("useradd", `: >${box.root}/made-user`)
      .stub("userdel", `rm ${box.root}/made-user`)
      .stub("install");
  });

  test("up makes the account once, and its directories", () => {
    expect(account("up")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(account("up").code).toBe(0);
    const calls = box.calls().map((call) => call.replaceAll(`${box.root}/`, "/"));
    expect(calls.filter((call) => call.startsWith("useradd"))).toEqual([
      "useradd --system --user-group --home-dir /var/lib/mycelium --no-create-home --shell /usr/sbin/nologin mycelium",
    ]);
    expect(calls).toContain("install -d -m 0700 -o mycelium -g mycelium /var/lib/mycelium");
  });

  test("a unit that somebody else made is refused, and left alone by down", () => {
    box.file(unit, "[Service]\n").file("var/lib/mycelium/priv_key.bin", "theirs");
    expect(account("up")).toMatchObject(
      failure(
        "has a mycelium.service that Hypha did not make",
        `remove it: systemctl disable --now mycelium.service; rm ${join(box.root, unit)}`,
      ),
    );
    expect(account("down")).toMatchObject({ code: 0 });
    expect(box.read("var/lib/mycelium/priv_key.bin")).toBe("theirs");
    expect(switches()).toEqual([]);
  });

  test("down stops the node and removes everything, the key too; a half made one as well", () => {
    account("up");
    service();
    expect(account("down")).toEqual({ code: 0, stdout: "", stderr: "" });
    for (const path of [unit, "etc/mycelium", "var/lib/mycelium", library, "made-user"]) {
      expect(`${path} ${box.has(path)}`).toBe(`${path} false`);
    }
    expect(switches()).toContain("systemctl disable --quiet --now mycelium.service");
    expect(account("down")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
