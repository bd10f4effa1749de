import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { withServer } from "../../components/grid/stackFile";
import { deployArguments, deployedAddress, isUnknown, knownAddress } from "../../components/grid/tfcmd";
import { hostKey, root } from "../components/fixtures";

/** Each case starts the command anew, and some do several times. */
jest.setTimeout(120_000);

const vm = {
  name: "myceliumchat",
  node: 6883,
  cpus: 4,
  memoryGiB: 16,
  diskGiB: 250,
  keyFile: "/keys/id.pub",
};
const address = "544:b74f:ceef:cc7e:ff0f:6b18:921f:8031";
/** As the documentation of tfcmd shows it, with the colours that its log has on any output. */
const deployed = `\u001b[90m12:06PM\u001b[0m \u001b[32mINF\u001b[0m deploying vm
12:07PM INF vm planetary ip: 300:e9c4:9048:57cf:7da2:ac99:99db:8821
\u001b[90m12:07PM\u001b[0m \u001b[32mINF\u001b[0m \u001b[1mvm mycelium ip: ${address}\u001b[0m
`;
const known = `11:56AM INF starting peer session=tf-1522837 twin=192
11:56AM INF vm:
{
        "Name": "myceliumchat",
        "Vms": [ { "planetary_ip": "302:9e63::1", "mycelium_ip": "${address}", "ip": "10.20.2.2" } ]
}
`;
const unknown = '11:56AM FTL error="couldn\'t find any contracts with name myceliumchat"\n';

test("the documented example as tfcmd's arguments", () => {
  expect(deployArguments(vm).join(" ")).toBe(
    "deploy vm --name myceliumchat --ssh /keys/id.pub --node 6883 --cpu 4 --memory 16 --rootfs 250 " +
      "--flist https://hub.grid.tf/tf-official-vms/ubuntu-24.04-full.flist --entrypoint /sbin/zinit init --mycelium",
  );
});

test("the Mycelium address is read from what tfcmd says, and nothing else is taken for it", () => {
  expect(deployedAddress(deployed)).toBe(address);
  expect(knownAddress(known)).toBe(address);
  expect(deployedAddress("12:07PM INF vm planetary ip: 300::1\n")).toBeUndefined();
  expect(deployedAddress("12:07PM INF vm mycelium ip: 2001:db8::1\n")).toBeUndefined();
  expect(deployedAddress("12:07PM INF vm mycelium ip: \n")).toBeUndefined();
  expect(knownAddress(known.replace(address, ""))).toBeUndefined();
  expect(isUnknown(unknown)).toBe(true);
  expect(isUnknown('FTL error="failed to load configuration try to login again"')).toBe(false);
});

describe("the stack file", () => {
  const server = { address, hostKey, vm: "myceliumchat" };
  const gridVm = { name: "myceliumchat" };
  test("gets the server, and keeps its comments and everything else", () => {
    const text = "# mine\nconfig:\n  hypha:edge:\n    domain: chat.example.org # the name\n";
    const written = withServer(text, "web1", server);
    expect(written.startsWith(text)).toBe(true);
    expect(parse(written)).toMatchObject({
      config: {
        "hypha:hosts": {
          web1: { kind: "vps", user: "root", environment: "tfgrid", gridVm, address, hostKey },
        },
      },
    });
    expect(withServer("", "web1", server)).toContain("config:\n  hypha:hosts:\n    web1:\n      kind: vps\n");
  });

  test("keeps what a server has besides its address and key", () => {
    const text = withServer("", "web1", { ...server, address: "400::1", hostKey: "ssh-ed25519 old" });
    const kept = text.replace("user: root", "user: ops # me");
    expect(withServer(kept, "web1", server)).toBe(
      kept.replace("400::1", address).replace("ssh-ed25519 old", hostKey),
    );
  });

  test("is refused where it is none, and where the name is another kind's", () => {
    expect(() => withServer("a: [", "web1", server)).toThrow("is no stack file");
    expect(() => withServer("- a\n", "web1", server)).toThrow("it holds no map");
    const local = "config:\n  hypha:hosts:\n    web1:\n      kind: local\n";
    expect(() => withServer(local, "web1", server)).toThrow(
      "hypha:hosts.web1 is no server of the kind vps; fix:",
    );
  });
});

describe("the command", () => {
  let directory = "";
  const file = (name: string): string => join(directory, name);
  const write = (name: string, text: string, mode = 0o644): void => {
    writeFileSync(file(name), text);
    chmodSync(file(name), mode);
  };
  const stub = (name: string, body: string): void => {
    write(`bin/${name}`, `#!/bin/bash\nprintf '%s\\n' "${name} $*" >>'${file("calls")}'\n${body}\n`, 0o755);
  };
  const calls = (): string[] =>
    existsSync(file("calls")) ? readFileSync(file("calls"), "utf8").trim().split("\n") : [];
  const mnemonic = "legal winner thank year wave sausage";
  const run = (args: string[], env: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = spawnSync("tsx", ["ops/gridVm.ts", ...args], {
      cwd: root,
      encoding: "utf8",
      input: "",
      env: {
        ...{ HOME: directory, TMPDIR: file("tmp"), STACK: "grid", HYPHA_ROOT: directory },
        PATH: `${file("bin")}:${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
        ...env,
      },
    });
    return { status, stdout, stderr };
  };
  const deploy = (...more: string[]) => ["deploy", "--host", "web1", "--key", file("id.pub"), ...more];
  const hosts = () =>
    (parse(readFileSync(file("Pulumi.grid.yaml"), "utf8")) as { config: { "hypha:hosts": unknown } }).config[
      "hypha:hosts"
    ];
  /** As tfcmd: a machine is there once it was deployed; all is said on standard error. */
  const tfcmd = (deployment: string, lookup = `cat <<'END' >&2\n${unknown}END\nexit 1`): void => {
    stub(
      "tfcmd",
      `cat "$XDG_CONFIG_HOME/.tfgridconfig" >'${file("login")}' 2>/dev/null
       stat -c %a "$XDG_CONFIG_HOME" "$XDG_CONFIG_HOME/.tfgridconfig" >'${file("modes")}' 2>/dev/null
       env >'${file("env")}'
       case $1 in
         get) [[ -e '${file("there")}' ]] && { cat <<'END' >&2
${known}END
exit 0; }
           ${lookup}
           ;;
         deploy) ${deployment}
           ;;
         cancel) rm '${file("there")}' ;;
       esac`,
    );
  };
  const succeed = () => `touch '${file("there")}'; cat <<'END' >&2\n${deployed}END\n`;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hypha-grid-test-"));
    ["bin", "tmp"].forEach((name) => mkdirSync(file(name)));
    write("id.pub", `${hostKey}\n`);
    tfcmd(succeed());
    stub("ssh-keyscan", `echo "# ${address}:22 SSH-2.0" >&2; echo "${address} ${hostKey}"`);
    stub(
      "ip",
      `case "$*" in *route*) echo "${address} dev mycelium0 src 400::1" ;; *) echo "7: mycelium0: <UP> tun type tun pi off" ;; esac`,
    );
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test("deploys, pins the key that came through the tunnel, and writes the server into the stack file", () => {
    const { status, stdout, stderr } = run(deploy("--yes"), {
      TFGRID_MNEMONIC: mnemonic,
      TFGRID_NETWORK: "test",
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(hosts()).toEqual({
      web1: {
        kind: "vps",
        user: "root",
        environment: "tfgrid",
        gridVm: { name: "myceliumchat" },
        address,
        hostKey,
      },
    });
    expect(calls().filter((call) => call.startsWith("tfcmd"))).toEqual([
      "tfcmd get vm myceliumchat",
      `tfcmd ${deployArguments({ ...vm, keyFile: file("id.pub") }).join(" ")}`,
    ]);
    expect(stderr).toContain("SHA256:");
    // The mnemonic: in a private file for tfcmd alone, and nowhere else, then or now.
    expect(JSON.parse(readFileSync(file("login"), "utf8"))).toEqual({ mnemonics: mnemonic, network: "test" });
    expect(readFileSync(file("modes"), "utf8")).toBe("700\n600\n");
    expect(spawnSync("ls", [file("tmp")], { encoding: "utf8" }).stdout).not.toContain("hypha-grid");
    for (const text of [stderr, calls().join("\n"), readFileSync(file("env"), "utf8")]) {
      expect(text).not.toContain("legal winner");
    }
  });

  test("a machine that is there is taken, not deployed twice; cancelling it is tfcmd's own", () => {
    write("there", "");
    expect(run(deploy("--yes")).status).toBe(0);
    expect(hosts()).toMatchObject({ web1: { address, hostKey } });
    expect(run(["cancel", "--name", "myceliumchat"]).status).toBe(0);
    expect(calls().filter((call) => call.startsWith("tfcmd"))).toEqual([
      "tfcmd get vm myceliumchat",
      "tfcmd cancel myceliumchat",
    ]);
    expect(run(["cancel", "--name", "myceliumchat"])).toMatchObject({
      ...{ status: 2, stderr: expect.stringContaining("may still cost; fix: try again") as string },
    });
  });

  test("where tfcmd cannot look, nothing is deployed", () => {
    tfcmd("exit 0", "echo 'FTL error=\"failed to get twin\"' >&2; exit 1");
    const { status, stderr } = run(deploy("--yes"));
    expect(status).toBe(2);
    expect(stderr).toContain("cannot tell whether myceliumchat is there, so nothing was deployed: FTL");
    expect(calls().filter((call) => call.startsWith("tfcmd deploy"))).toEqual([]);
  });

  test("a login file that tfcmd cannot read and shows is not shown", () => {
    const shown = `echo 'FTL error="could not unmarshal configuration data {mnemonics: legal winner}"' >&2; exit 1`;
    stub("tfcmd", shown);
    for (const args of [deploy(), ["cancel", "--name", "myceliumchat"]]) {
      const { status, stderr } = run(args);
      expect(status).toBe(2);
      expect(stderr).toContain("its login file is not sound");
      expect(stderr).not.toContain("legal");
    }
  });

  test("a deployment that fails, and one without a Mycelium address, write nothing", () => {
    for (const outcome of ["echo 'FTL no nodes' >&2; exit 1", "echo 'INF vm planetary ip: 300::1' >&2"]) {
      tfcmd(outcome);
      const { status, stderr } = run(deploy("--yes"));
      expect({ status, there: existsSync(file("Pulumi.grid.yaml")) }).toEqual({ status: 2, there: false });
      expect(stderr).toContain("tfcmd deployed no machine with a Mycelium address");
    }
  });

  test("a key that nothing vouches for is never pinned by --yes, and none without a terminal's yes", () => {
    expect(run(deploy()).stderr).toContain("nobody is here to confirm the host key; fix: add YES=1");
    stub(
      "ip",
      `case "$*" in *route*) echo "${address} via fe80::1 dev eth0" ;; *) echo "2: eth0: <UP> mtu 1500" ;; esac`,
    );
    const { status, stderr } = run(deploy("--yes"));
    expect(status).toBe(2);
    expect(stderr).toContain("It did NOT come through a tunnel of this machine");
    expect(stderr).toContain("the host key is not vouched for; fix:");
    expect(existsSync(file("Pulumi.grid.yaml"))).toBe(false);
  });

  test("mistakes are told before a machine costs anything", () => {
    for (const [args, message] of [
      [deploy("--name", "a b"), "is no name of a grid VM; fix:"],
      [deploy("--cpus", "0"), "--cpus is 0; fix:"],
      [
        ["deploy", "--host", "web1", "--key", file("none")],
        "a host's name and a public key are needed; fix:",
      ],
      [["deploi"], "say deploy or cancel"],
    ] as const) {
      expect(run([...args])).toMatchObject({ status: 2, stderr: expect.stringContaining(message) as string });
    }
    write("Pulumi.grid.yaml", "config: [");
    expect(run(deploy()).stderr).toContain("is no stack file");
    expect(calls()).toEqual([]);
  });

  test("without tfcmd it says where to get it", () => {
    rmSync(file("bin/tfcmd"));
    expect(run(deploy()).stderr).toContain("tfcmd could not be started; fix: put it on the PATH");
  });
});
