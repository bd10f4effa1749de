import { ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { EngineEvent, parseEvents } from "./deployment";
import { Progress } from "./progress";
import { ToolError } from "./tool";

/** How a run of `pulumi` ended, and what it told of itself. */
export interface EngineRun {
  /** Exit code; 130 where a signal ended it. */
  code: number;
  events: EngineEvent[];
  /** What it said beside its display: why it did not begin, where it did not. */
  errors?: string;
  /** It was told to end before it had. */
  interrupted?: boolean;
}

export interface EngineRunOptions {
  /** Directory of the program. @default this one */
  directory?: string;
  /** Where its display goes; `errors`: nowhere, but what goes wrong before it has one is shown. @default this process's own output */
  display?: "inherit" | "stderr" | "errors" | "ignore";
  /** Is told of its events as they come. @default nobody is */
  progress?: Progress;
  /** Interrupts it. @default nothing does */
  abort?: AbortSignal;
}

const keptErrors = 10_000;

/**
 * Runs `pulumi <verb> args…` to its end with an event log, asking nothing. It is a group of processes of its own: an
 * interrupt reaches it once, however this process was given it, and Pulumi then ends after the steps it is in. If this
 * process is killed, so is that group.
 */
export async function runEngine(
  verb: "up" | "preview",
  args: readonly string[],
  { directory, display = "inherit", progress, abort }: EngineRunOptions = {},
): Promise<EngineRun> {
  const own = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-events-"));
  const log = path.join(own, "log");
  const output = display === "stderr" ? 2 : display === "errors" ? "ignore" : display;
  try {
    const child = spawn("pulumi", [verb, "--non-interactive", "--event-log", log, ...args], {
      cwd: directory,
      // The CLI takes --event-log only so; Pulumi's own automation does the same.
      env: { ...process.env, PULUMI_DEBUG_COMMANDS: "true" },
      stdio: ["ignore", output, "pipe"],
      detached: true,
    });
    let errors = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-keptErrors);
      if (display !== "ignore") process.stderr.write(text);
    });
    const following = progress === undefined ? undefined : follow(log, progress);
    const { code, interrupted } = await ended(child, abort).finally(following);
    // A connection that ssh keeps for the next has it open still, and would keep this process, too.
    child.stderr?.destroy();
    const events = fs.existsSync(log) ? parseEvents(fs.readFileSync(log, "utf8")) : [];
    return { code, interrupted, errors, events };
  } finally {
    fs.rmSync(own, { recursive: true, force: true });
  }
}

/** Reads a file of events as it grows, until the function that it returns is called. */
function follow(log: string, progress: Progress): () => void {
  let read = 0;
  let held = Buffer.alloc(0);
  const more = () => {
    if (!fs.existsSync(log)) return;
    const file = fs.openSync(log, "r");
    const bytes = Buffer.alloc(fs.fstatSync(file).size - read);
    read += fs.readSync(file, bytes, 0, bytes.length, read);
    fs.closeSync(file);
    // A character may be cut in two only within a line that is not whole yet.
    held = Buffer.concat([held, bytes]);
    const end = held.lastIndexOf("\n") + 1;
    parseEvents(held.subarray(0, end).toString()).forEach(progress.event);
    held = held.subarray(end);
  };
  const looking = setInterval(more, 200);
  return () => {
    clearInterval(looking);
    more();
    progress.end();
  };
}

const interrupts = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function ended(
  child: ChildProcess,
  abort?: AbortSignal,
): Promise<{ code: number; interrupted: boolean }> {
  const { pid } = child;
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    signalGroup(pid, "SIGINT");
  };
  const guard = pid === undefined ? undefined : killWithUs(pid);
  for (const signal of interrupts) process.on(signal, interrupt);
  abort?.addEventListener("abort", interrupt);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", (error) => {
        reject(new ToolError(`pulumi could not be started: ${error.message}`));
      });
      child.on("exit", resolve);
    });
    // Pulumi's launcher dies of a signal before the engine has come to its end.
    while (signalGroup(pid, 0)) await new Promise((resolve) => setTimeout(resolve, 100));
    return { code: code ?? 130, interrupted };
  } finally {
    abort?.removeEventListener("abort", interrupt);
    for (const signal of interrupts) process.off(signal, interrupt);
    guard?.kill("SIGKILL");
  }
}

/** Sends a signal to a group of processes; whether there is any. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Kills the group when this process is gone, which closes the guard's standard input. */
function killWithUs(pid: number): ChildProcess {
  const guard = spawn("sh", ["-c", 'cat >/dev/null; kill -s KILL -- "-$0"', String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.on("error", () => undefined);
  guard.unref();
  return guard;
}
