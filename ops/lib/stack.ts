import { execFileSync, spawn, spawnSync } from "child_process";
import { HostFacts } from "../../components/host/facts";
import { shellQuote } from "../../components/shell/quote";
import { ToolError } from "./tool";

/** How tools reach a host of the stack: an entry of the stack output `hosts`. */
export interface StackHost {
  name: string;
  /** `unix:///…` or `ssh://…`, for messages and for the local engine. */
  dockerHost: string;
  /** Options of `ssh`: pinned host key, identity, shared connection; empty for the local engine. */
  sshArgs: string[];
}

function pulumi(args: string[]): string {
  try {
    return execFileSync("pulumi", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const said = (error as { stderr?: string }).stderr?.trim() ?? "";
    throw new ToolError(
      missing
        ? "pulumi is not on the PATH: run this by make, or in `make shell`"
        : `pulumi ${args.join(" ")}: ${said}\nIs the stack there? Deploy it: make up`,
    );
  }
}

/** STACK where it is set (make does), else the stack that `pulumi stack select` chose. */
export function stackName(): string {
  return process.env["STACK"] || pulumi(["stack", "--show-name"]).trim();
}

/** What `index.ts` exports and tools use. A stack that was not deployed has none of it. */
export interface StackOutputs {
  url?: string;
  siteAddresses?: string[];
  certificateAuthority?: string;
  hosts?: Record<string, { dockerHost: string; sshArgs: string[]; facts?: HostFacts }>;
  /** The lines of a table: what each host has, when it was last measured. */
  fleet?: string[];
}

export function stackOutputs(stack: string): StackOutputs {
  return JSON.parse(pulumi(["stack", "output", "--stack", stack, "--json"])) as StackOutputs;
}

/** The raw configuration of a stack: key to its text. */
export function stackConfig(stack: string): Record<string, string | undefined> {
  const values = JSON.parse(pulumi(["config", "--stack", stack, "--json"])) as Record<
    string,
    { value?: string }
  >;
  return Object.fromEntries(Object.entries(values).map(([key, { value }]) => [key, value]));
}

/** The hosts of a deployed stack, from its outputs. */
export function stackHosts(stack: string, outputs = stackOutputs(stack)): StackHost[] {
  const hosts = Object.entries(outputs.hosts ?? {});
  if (hosts.length === 0) {
    throw new ToolError(
      `stack ${stack} has no hosts in its outputs: deploy it first (make up STACK=${stack})`,
    );
  }
  return hosts.map(([name, { dockerHost, sshArgs }]) => ({ name, dockerHost, sshArgs }));
}

/** The command that runs `docker args…` on the host's engine. Over SSH the words are quoted for the remote shell. */
export function dockerCommand(host: StackHost, args: readonly string[]): [string, string[]] {
  const { protocol, username, hostname, port } = new URL(host.dockerHost);
  if (protocol !== "ssh:") {
    return ["docker", ["--host", host.dockerHost, ...args]];
  }
  // An IPv6 address stands in brackets in a URL, and without them for ssh.
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const destination = ["-p", port || "22", `${username}@${address}`];
  return ["ssh", [...host.sshArgs, ...destination, "--", shellQuote(["docker", ...args])]];
}

/** What `docker args…` prints on the host; `input` is its standard input. */
export function docker(host: StackHost, args: readonly string[], input?: string): string {
  const [command, words] = dockerCommand(host, args);
  const result = spawnSync(command, words, {
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
    input: input ?? "",
    maxBuffer: 1 << 28,
  });
  if (result.error !== undefined) {
    throw new ToolError(`${command} could not be started: ${result.error.message}`);
  }
  if (result.status !== 0) {
    throw new ToolError(
      `host ${host.name} (${host.dockerHost}): docker ${args.slice(0, 2).join(" ")}: ${(result.stderr + result.stdout).trim()}`,
    );
  }
  return result.stdout;
}

/** Runs `docker args…` on the host with this terminal; resolves with its exit code. */
export function dockerAttached(host: StackHost, args: readonly string[]): Promise<number> {
  const [command, words] = dockerCommand(host, args);
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => {
      reject(new ToolError(`${command} could not be started: ${error.message}`));
    });
    child.on("close", (code) => {
      resolve(code ?? 130);
    });
  });
}

/** The first host whose engine manages the swarm: only there services can be asked for. */
export function manager(hosts: readonly StackHost[]): StackHost {
  for (const host of hosts) {
    if (docker(host, ["info", "--format", "{{.Swarm.ControlAvailable}}"]).trim() === "true") {
      return host;
    }
  }
  throw new ToolError(
    `none of ${hosts.map(({ name }) => name).join(", ")} manages a swarm: bring the stack up again (make up)`,
  );
}
