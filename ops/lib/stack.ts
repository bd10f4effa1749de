import { execFileSync, spawn, spawnSync } from "child_process";
import { dockerArgv, HostAccess } from "../../components/host/access";
import { HostFacts } from "../../components/host/facts";
import { StackState, StateResource } from "./state";
import { ToolError } from "./tool";

/** How tools reach a host of the stack. */
export interface StackHost extends HostAccess {
  name: string;
}

/** What `pulumi args…` prints. */
export function pulumi(args: string[]): string {
  try {
    return execFileSync("pulumi", args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1 << 28,
    });
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
  /** Reference and id of each part's image. */
  images?: Record<string, { reference: string; id: string }>;
  /** Of the software that the stack deploys and of what deploys it. */
  versions?: Record<string, string>;
  /** How the network knows each host's Mycelium node. */
  mycelium?: Record<string, { address: string; subnet: string; publicKey: string }>;
  hosts?: Record<string, HostAccess & { facts?: HostFacts }>;
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

/** The stack's state; its secrets stay encrypted unless asked for. */
export function stackState(stack: string, options: { showSecrets?: boolean } = {}): StackState {
  const args = ["stack", "export", "--stack", stack];
  return JSON.parse(pulumi(options.showSecrets === true ? [...args, "--show-secrets"] : args)) as StackState;
}

/** The hosts among a stack's outputs. */
function required(stack: string, hosts: StackOutputs["hosts"]): Record<string, HostAccess> {
  if (Object.keys(hosts ?? {}).length === 0) {
    throw new ToolError(
      `stack ${stack} has no hosts in its outputs: deploy it first (make up STACK=${stack})`,
    );
  }
  return hosts ?? {};
}

/** The hosts of a deployed stack, from its outputs. */
export function stackHosts(stack: string, outputs = stackOutputs(stack)): StackHost[] {
  return Object.entries(required(stack, outputs.hosts)).map(([name, { dockerHost, sshArgs }]) => ({
    name,
    dockerHost,
    sshArgs,
  }));
}

/** A stack's outputs, from a state that is at hand. */
export function outputsOf(resources: readonly StateResource[]): StackOutputs {
  return resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
}

/** The hosts by name, from a state that is at hand. */
export function hostsOf(stack: string, resources: readonly StateResource[]): Record<string, HostAccess> {
  return required(stack, outputsOf(resources).hosts);
}

/** What `docker args…` prints on the host; `input` is its standard input. */
export function docker(host: StackHost, args: readonly string[], input?: string): string {
  const [command, words] = dockerArgv(host, args);
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
  const [command, words] = dockerArgv(host, args);
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
