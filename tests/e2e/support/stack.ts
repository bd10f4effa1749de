import { ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { stringify } from "yaml";
import { Site } from "../../../ops/lib/site";

export const projectRoot = path.join(__dirname, "..", "..", "..");

/** How a command ended and all it said. */
export interface Run {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  seconds: number;
}

/** That a command, called `what`, went well; otherwise how it ended and what it said last is shown. */
export function expectSuccess(run: Run, what = "the command"): Run {
  if (run.code !== 0) {
    throw new Error(`${what} ended with ${run.code ?? run.signal}:\n${run.output.slice(-8000)}`);
  }
  return run;
}

/** A command under way: its end, and its process for those who mean to kill it. */
export interface Running {
  process: ChildProcess;
  ended: Promise<Run>;
  /** All it has said so far. */
  output: () => string;
}

export function start(
  file: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; group?: boolean } = {},
): Running {
  const began = performance.now();
  const child = spawn(file, args, {
    cwd: options.cwd ?? projectRoot,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: options.group ?? false,
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  // A command that has ended reads nothing: what counts is how it ended.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const ended = new Promise<Run>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, output, seconds: (performance.now() - began) / 1000 });
    });
  });
  return { process: child, ended, output: () => output };
}

/** Runs a command to its end and expects exit code 0. */
export async function must(
  file: string,
  args: string[],
  options: Parameters<typeof start>[2] = {},
): Promise<Run> {
  return expectSuccess(await start(file, args, options).ended, `${file} ${args.join(" ")}`);
}

/** Sends a signal to a command that was started as a group, and to all that it started. */
export function signalGroup({ process: { pid } }: Running, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}

/** Polls a running command's output. */
export async function untilOutput(output: () => string, pattern: RegExp, seconds = 300): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!pattern.test(output())) {
    if (Date.now() > deadline) {
      throw new Error(`${String(pattern)} was not seen within ${seconds} s in:\n${output().slice(-4000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Asks twice a second until there is an answer, which it gives; false and an error are none. */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | undefined>,
  seconds = 90,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    let problem = "";
    const seen = await look().catch((error: unknown) => void (problem = `: ${String(error)}`));
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}${problem}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Where what was said and seen is kept. */
export const kept = path.join(projectRoot, "build", "e2e");

/** Keeps a text for whoever wants to read it after the run. */
export function keep(file: string, text: string): void {
  fs.mkdirSync(kept, { recursive: true });
  fs.writeFileSync(path.join(kept, file), text);
}

/** What `pulumi up` counted. */
export interface Changes {
  created: number;
  updated: number;
  deleted: number;
  replaced: number;
  unchanged: number;
}

export function countChanges(output: string): Changes {
  const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  return {
    created: count(/\+ (\d+) (?:created|to create)/),
    updated: count(/~ (\d+) (?:updated|to update)/),
    deleted: count(/- (\d+) (?:deleted|to delete)/),
    replaced: count(/\+-(\d+) (?:replaced|to replace)/),
    unchanged: count(/(\d+) unchanged/),
  };
}

/** The settings below `hypha:` of a stack file. */
export type StackSettings = Record<"hosts" | "chat" | "edge" | "images", unknown>;

/** The site of a stack with these outputs, at its first edge. */
export const siteOf = (outputs: Readonly<Record<string, unknown>>): Site => ({
  url: String(outputs["url"]),
  address: (outputs["siteAddresses"] as string[])[0] ?? "",
  authority: String(outputs["certificateAuthority"]),
});

/** A stack of this checkout, or of another project's directory, with a state, a passphrase and a configuration of its own. */
export class Stack {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly configFile: string;

  constructor(
    readonly name: string,
    private readonly project = projectRoot,
  ) {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), `hypha-${name}-`));
    this.configFile = path.join(this.directory, `Pulumi.${name}.yaml`);
    fs.mkdirSync(path.join(this.directory, "state"));
    this.env = {
      PATH: `${path.join(projectRoot, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
      PULUMI_BACKEND_URL: `file://${this.directory}/state?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: "only for this test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
  }

  /** Writes the stack's configuration, keeping the salt that Pulumi put there. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    const old = fs.existsSync(this.configFile) ? fs.readFileSync(this.configFile, "utf8") : "";
    const salt = /^encryptionsalt: .*$/m.exec(old)?.[0];
    const config = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`hypha:${key}`, value]),
    );
    fs.writeFileSync(this.configFile, `${salt === undefined ? "" : `${salt}\n`}${stringify({ config })}`);
  }

  start(verb: string, ...args: string[]): Running {
    return start("pulumi", [verb, "--stack", this.name, "--non-interactive", ...args], {
      env: this.env,
      cwd: this.project,
      group: true,
    });
  }

  private run(verb: string, ...args: string[]): Promise<Run> {
    return this.start(verb, ...args).ended;
  }

  async init(): Promise<void> {
    await must("pulumi", ["stack", "init", this.name, "--non-interactive"], {
      env: this.env,
      // The checkout's own stack files stay as they are.
      cwd: this.project,
    });
    // `stack init` leaves the salt in the checkout; here every stack file is in its own directory.
    const left = path.join(this.project, `Pulumi.${this.name}.yaml`);
    if (fs.existsSync(left)) {
      fs.renameSync(left, this.configFile);
    }
  }

  startUp(...args: string[]): Running {
    return this.start("up", "--yes", "--skip-preview", "--config-file", this.configFile, ...args);
  }

  up(...args: string[]): Promise<Run> {
    return this.startUp(...args).ended;
  }

  /** `up` to its good end; what it said is kept under the name. */
  async deploy(name: string): Promise<Changes> {
    const run = await this.up();
    keep(`${name}.txt`, run.output);
    return countChanges(expectSuccess(run, "up").output);
  }

  preview(...args: string[]): Promise<Run> {
    return this.run("preview", "--config-file", this.configFile, ...args);
  }

  startDestroy(): Running {
    return this.start("destroy", "--yes", "--skip-preview", "--config-file", this.configFile);
  }

  destroy(): Promise<Run> {
    return this.startDestroy().ended;
  }

  /** Forgets an operation that was killed, as Pulumi asks for. */
  async cancel(): Promise<void> {
    await must("pulumi", ["cancel", "--stack", this.name, "--yes"], {
      env: this.env,
      cwd: this.project,
    });
  }

  async outputs(): Promise<Record<string, unknown>> {
    const run = await must("pulumi", ["stack", "output", "--json", "--show-secrets", "--stack", this.name], {
      env: this.env,
      cwd: this.project,
    });
    return JSON.parse(run.output) as Record<string, unknown>;
  }

  async site(): Promise<Site> {
    return siteOf(await this.outputs());
  }

  /** Runs ops/NAME.ts for the stack. */
  tool(name: string, ...args: string[]): Running {
    return start("tsx", [`ops/${name}.ts`, ...args], { env: { ...this.env, STACK: this.name } });
  }

  /** The state as Pulumi keeps it, secrets encrypted. */
  async state(): Promise<string> {
    const args = ["stack", "export", "--stack", this.name];
    return (await must("pulumi", args, { env: this.env, cwd: this.project })).output;
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
