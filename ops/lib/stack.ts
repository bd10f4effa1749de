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
  hosts?: Record<string, HostAccess & { facts?: HostFacts; roles?: string[] }>;
  /** The lines of a table: what each host has, when it was last measured. */
  fleet?: string[];
}

export function stackOutputs(
  stack: string,
  options: { showSecrets?: boolean } = {},
): StackOutputs & { adminPassword?: string } {
  const args = ["stack", "output", "--stack", stack, "--json"];
  return JSON.parse(
    pulumi(options.showSecrets === true ? [...args, "--show-secrets"] : args),
  ) as StackOutputs;
}

/** The raw configuration of a stack: key to its text. `configFile`: another stack file than the project's own. */
export function stackConfig(stack: string, configFile?: string): Record<string, string | undefined> {
  const file = configFile === undefined ? [] : ["--config-file", configFile];
  const values = JSON.parse(pulumi(["config", "--stack", stack, "--json", ...file])) as Record<
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
function required(
  stack: string,
  hosts: StackOutputs["hosts"],
): Record<string, HostAccess & { roles?: string[] }> {
  if (Object.keys(hosts ?? {}).length === 0) {
    throw new ToolError(
      `stack ${stack} has no hosts in its outputs: deploy it first (make up STACK=${stack})`,
    );
  }
  return hosts ?? {};
}

/** The hosts of a deployed stack, from its outputs: the swarm's managers first. */
export function stackHosts(stack: string, outputs = stackOutputs(stack)): StackHost[] {
  const workerLast = ({ roles = [] }: { roles?: string[] }) => (roles.includes("manager") ? 0 : 1);
  return Object.entries(required(stack, outputs.hosts))
    .sort(([, a], [, b]) => workerLast(a) - workerLast(b))
    .map(([name, { dockerHost, sshArgs }]) => ({ name, dockerHost, sshArgs }));
}

/** A stack's outputs, from a state that is at hand. */
export function outputsOf(resources: readonly StateResource[]): StackOutputs {
  return resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
}

/** The hosts by name, from a state that is at hand. */
export function hostsOf(stack: string, resources: readonly StateResource[]): Record<string, HostAccess> {
  return required(stack, outputsOf(resources).hosts);
}

/** What `docker args…` prints on the host within `seconds`; `input` is its standard input. */
export function docker(host: StackHost, args: readonly string[], input?: string, seconds?: number): string {
  const [command, words] = dockerArgv(host, args);
  const result = spawnSync(command, words, {
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
    input: input ?? "",
    maxBuffer: 1 << 28,
    timeout: seconds === undefined ? undefined : seconds * 1000,
  });
  if (result.error !== undefined && result.signal !== null) {
    throw new ToolError(`host ${host.name} (${host.dockerHost}): no answer within ${seconds ?? 0} s`);
  }
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

/** Seconds for a host to connect, and to say whether it manages the swarm. */
const patience = { connect: 5, answer: 20 };

/**
 * A host whose engine manages the swarm: only there services can be asked for. Any of them will do, so one that is down
 * is told on standard error and passed over.
 */
export function manager(hosts: readonly StackHost[]): StackHost {
  const once = ["-o", `ConnectTimeout=${patience.connect}`, "-o", "ConnectionAttempts=1"];
  const silent: string[] = [];
  for (const host of hosts) {
    const brief = { ...host, sshArgs: host.sshArgs.length === 0 ? [] : [...once, ...host.sshArgs] };
    try {
      const answer = docker(brief, ["info", "--format", "{{.Swarm.ControlAvailable}}"], "", patience.answer);
      if (answer.trim() === "true") {
        silent.forEach((problem) => {
          console.error(`warning: ${problem}`);
        });
        return host;
      }
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      silent.push(error.message);
    }
  }
  const none = `none of ${hosts.map(({ name }) => name).join(", ")} manages a swarm`;
  throw new ToolError(
    silent.length === 0
      ? `${none}: bring the stack up again (make up)`
      : `${none}, as far as they answer: ${silent.join("\n")}`,
  );
}
