import { spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as readline from "readline/promises";
import { gridVmName } from "../components/config/gridVm";
import { withServer } from "../components/grid/stackFile";
import { deployArguments, deployedAddress, GridVm, isUnknown, knownAddress } from "../components/grid/tfcmd";
import { expandHome } from "../components/shell/home";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: gridVm deploy --host HOST --key FILE [--name myceliumchat] [--node 6883] [--cpus 4] [--memory 16]
                      [--disk 250] [--yes]
       gridVm cancel --name NAME
Deploys a ThreeFold Grid VM with tfcmd (GiB of memory and disk), reads its Mycelium address and host key, and writes
both into Pulumi.<STACK>.yaml as the server HOST; or cancels it. A machine that is there is taken as it is.
The public key in FILE gets in as root. This machine must run Mycelium: the address is reached over it.
TFGRID_MNEMONIC holds the account's mnemonic (TFGRID_NETWORK its network, default main); without it tfcmd's own login
is used.`;

/** tfcmd reads its login from a file only: a private one for this run, where the environment has a mnemonic. */
async function withLogin<T>(use: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const mnemonics = process.env["TFGRID_MNEMONIC"];
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", TFGRID_MNEMONIC: undefined };
  if (mnemonics === undefined || mnemonics === "") {
    return use(env);
  }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-grid-"));
  const forget = (): void => {
    fs.rmSync(directory, { recursive: true, force: true });
  };
  // A signal ends the process without its exit handlers unless it is told to.
  const stop = (): never => process.exit(130);
  process.on("exit", forget).on("SIGINT", stop).on("SIGTERM", stop);
  try {
    const login = { mnemonics, network: process.env["TFGRID_NETWORK"] ?? "main" };
    fs.writeFileSync(path.join(directory, ".tfgridconfig"), JSON.stringify(login), { mode: 0o600 });
    return await use({ ...env, XDG_CONFIG_HOME: directory });
  } finally {
    forget();
    process.off("exit", forget).off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** Runs tfcmd, which says everything on standard error; `shown` passes it on as it comes. */
function tfcmd(
  args: string[],
  env: NodeJS.ProcessEnv,
  shown: boolean,
): Promise<{ code: number; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("tfcmd", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const take = (chunk: Buffer): void => {
      // tfcmd shows a login file that it cannot read.
      const text = chunk.toString().replace(/^.*mnemonics.*$/gm, "its login file is not sound");
      said += text;
      if (shown) process.stderr.write(text);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", () => {
      reject(
        new ToolError(
          "tfcmd could not be started; fix: put it on the PATH (releases of threefoldtech/tfgrid-sdk-go)",
        ),
      );
    });
    child.on("close", (code) => {
      resolve({ code: code ?? 130, said });
    });
  });
}

/** The address of the machine: of the one that is there, or of a new one. Deploys only where there surely is none. */
async function addressOf(vm: GridVm, env: NodeJS.ProcessEnv): Promise<string> {
  const known = await tfcmd(["get", "vm", vm.name], env, false);
  const there = knownAddress(known.said);
  if (known.code === 0 && there !== undefined) {
    console.error(`${vm.name} is there already: taken as it is`);
    return there;
  }
  if (!isUnknown(known.said)) {
    throw new ToolError(
      `tfcmd cannot tell whether ${vm.name} is there, so nothing was deployed: ${known.said.trim().slice(-500)}; ` +
        `fix: try again, or make grid-cancel NAME=${vm.name} if a deployment broke off half way`,
    );
  }
  const deployed = await tfcmd(deployArguments(vm), env, true);
  const address = deployedAddress(deployed.said);
  if (deployed.code !== 0 || address === undefined) {
    throw new ToolError(
      `tfcmd deployed no machine with a Mycelium address (exit code ${deployed.code}); ` +
        `fix: see its lines above, make grid-cancel NAME=${vm.name}, then try again or take another node`,
    );
  }
  return address;
}

/** Whether packets to the address enter a tunnel on this machine: then only the address' owner can answer them. */
function overTunnel(address: string): boolean {
  const ip = (...args: string[]) => spawnSync("ip", ["-d", "-o", ...args], { encoding: "utf8" }).stdout;
  const device = / dev (\S+)/.exec(ip("route", "get", address))?.[1];
  return device !== undefined && / tun type tun /.test(ip("link", "show", "dev", device));
}

/** The machine's ed25519 host key, as soon as its sshd shows one. */
async function hostKey(address: string, seconds = 600): Promise<string> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const { stdout } = spawnSync("ssh-keyscan", ["-T", "5", "-t", "ed25519", address], { encoding: "utf8" });
    const key = /^\S+ (ssh-ed25519 \S+)$/m.exec(stdout)?.[1];
    if (key !== undefined) return key;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  throw new ToolError(
    `${address} shows no SSH host key within ${seconds} s; fix: let this machine run Mycelium (ping ${address}), then try again`,
  );
}

/** Asks whether the key is the machine's; `--yes` answers only where the way there vouches for it. */
async function confirmed(key: string, address: string, yes: boolean): Promise<boolean> {
  const tunnel = overTunnel(address);
  const fingerprint = spawnSync("ssh-keygen", ["-lf", "-"], {
    encoding: "utf8",
    input: `${address} ${key}\n`,
  }).stdout;
  console.error(`host key of ${address}: ${fingerprint.trim()}`);
  console.error(
    tunnel
      ? "It came through this machine's own tunnel, where an address answers for its key."
      : "It did NOT come through a tunnel of this machine: anyone on the way could have given it.",
  );
  if (yes && tunnel) return true;
  if (!process.stdin.isTTY) {
    throw new ToolError(
      tunnel
        ? "nobody is here to confirm the host key; fix: add YES=1"
        : "the host key is not vouched for; fix: run Mycelium on this machine, or confirm the key on a terminal",
    );
  }
  const lines = readline.createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question("Pin it? (yes/no) ");
  lines.close();
  return answer.trim() === "yes";
}

function whole(values: Map<string, string>, name: string, preset: number): number {
  const text = values.get(name) ?? String(preset);
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new ToolError(`${name} is ${text}; fix: write a whole number from 1 on`);
  }
  return Number(text);
}

function vmName(values: Map<string, string>, preset: string): string {
  const name = values.get("--name") ?? preset;
  if (!gridVmName().safeParse(name).success) {
    throw new ToolError(
      `"${name}" is no name of a grid VM; fix: write letters and digits, a letter first, 36 at most`,
    );
  }
  return name;
}

async function deploy(values: Map<string, string>, yes: boolean): Promise<number> {
  const stack = process.env["STACK"] || "dev";
  const file = path.join(process.env["HYPHA_ROOT"] ?? ".", `Pulumi.${stack}.yaml`);
  const host = values.get("--host") ?? "";
  const keyFile = expandHome(values.get("--key") ?? "");
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(host) || !fs.existsSync(keyFile)) {
    throw new ToolError(
      "a host's name and a public key are needed; fix: make grid-vm HOST=web1 KEY=~/.ssh/id_ed25519.pub",
    );
  }
  const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  // What is wrong with the file is said before a machine costs money.
  withServer(text, host, { address: "400::1", hostKey: "", vm: "" });
  const vm: GridVm = {
    name: vmName(values, "myceliumchat"),
    node: whole(values, "--node", 6883),
    cpus: whole(values, "--cpus", 4),
    memoryGiB: whole(values, "--memory", 16),
    diskGiB: whole(values, "--disk", 250),
    keyFile,
  };
  const address = await withLogin((env) => addressOf(vm, env));
  console.error(`${vm.name}: Mycelium address ${address}`);
  const key = await hostKey(address);
  if (!(await confirmed(key, address, yes))) {
    throw new ToolError("the host key was not confirmed: nothing was written; the machine is still there");
  }
  fs.writeFileSync(file, withServer(text, host, { address, hostKey: key, vm: vm.name }));
  console.error(`${path.basename(file)}: hypha:hosts.${host} is ${address}`);
  return 0;
}

async function cancel(values: Map<string, string>): Promise<number> {
  const name = vmName(values, "");
  const { code } = await withLogin((env) => tfcmd(["cancel", name], env, true));
  if (code !== 0) {
    throw new ToolError(
      `tfcmd could not cancel ${name} (exit code ${code}): it may still cost; fix: try again`,
    );
  }
  return 0;
}

runTool(usage, ([verb, ...rest]) => {
  const { flags, values } = parseArguments(rest, {
    flags: ["--yes"],
    values: ["--host", "--key", "--name", "--node", "--cpus", "--memory", "--disk"],
  });
  if (verb === "deploy") return deploy(values, flags.has("--yes"));
  if (verb === "cancel") return cancel(values);
  throw new ToolError("say deploy or cancel; see --help");
});
