import { spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { StackConfig } from "../../components/config/schema";
import { dataDirectory } from "../../components/shell/dataDirectory";
import { firstContact, run } from "./firstContact";
import { ToolError } from "./tool";

/** Who holds a stack's lock, for what. */
export interface LockOwner {
  /** Account and machine. */
  who: string;
  /** Process on that machine. */
  pid: number;
  /** ISO 8601, UTC. */
  since: string;
  /** What is deployed: a commit. */
  commit: string;
  /** `up`, `redeploy of …`. */
  what: string;
  /** The process on the manager that keeps it; set there. */
  holder?: number;
}

/** Where a stack's lock is: a file on its first manager. */
export interface LockPlace {
  /** The host's key in the configuration. */
  host: string;
  /** The program and arguments that run a verb of lock.sh there. */
  command: (words: readonly string[]) => [string, string[]];
  file: string;
}

/** A lock that is held. */
export interface Lock {
  /** Settles when the lock is lost while it is held: with why. */
  readonly lost: Promise<string>;
  release: () => Promise<void>;
}

/** Another holds the lock. */
export class LockedError extends ToolError {
  constructor(
    stack: string,
    readonly owner: LockOwner,
  ) {
    super(
      `stack ${stack} is locked: ${describeOwner(owner)}\n` +
        "Wait for it (WAIT=600 make … waits up to ten minutes), or, if you know that it is no more: make unlock",
    );
  }
}

/** The first manager did not answer. */
export class LockPlaceError extends ToolError {}

/** `up by ann@desk (process 12) since 2026-01-02T03:04:05Z, commit abc` */
export function describeOwner({ who, pid, since, commit, what }: LockOwner): string {
  return `${what} by ${who} (process ${pid}) since ${since}, commit ${commit.slice(0, 12)}`;
}

const script = fs.readFileSync(path.join(__dirname, "lock.sh"), "utf8");

/**
 * Runs the command after it with a first line and heartbeats on its standard input, for as long as its own stays open:
 * until it is told to end, or the deployment is gone. A process of its own, as a deployment may be busy for long.
 */
const heartbeats =
  'read -r first; { printf "%s\\n" "$first"; while :; do read -r -t 5 _ || (($? > 128)) || break; echo; done; } | "$@"; ' +
  'exit "${PIPESTATUS[1]}"';

/** The place of a stack's lock. It is root's there: the first contact's account is the one that every deployment has. */
export function lockPlace(stack: string, { hosts, cluster: { first } }: StackConfig): LockPlace {
  const host = hosts[first];
  if (host === undefined) {
    throw new ToolError(`hypha:cluster.first names no host: ${first}`);
  }
  const name = `hypha-${stack.replaceAll("/", "-")}.lock`;
  const file = host.kind === "local" ? path.join(dataDirectory(), "locks", name) : `/run/lock/${name}`;
  const command = (words: readonly string[]) =>
    firstContact(host, ["bash", "-c", script, "lock", ...words], { root: true });
  return { host: first, command, file };
}

/**
 * Takes the lock, waiting `waitSeconds` for it at most.
 * @throws LockedError where another has it, LockPlaceError where its host does not answer
 */
export async function takeLock(
  stack: string,
  place: LockPlace,
  owner: LockOwner,
  waitSeconds = 0,
): Promise<Lock> {
  const deadline = Date.now() + waitSeconds * 1000;
  let told = "";
  for (;;) {
    try {
      return await tryLock(stack, place, owner);
    } catch (error) {
      if (!(error instanceof LockedError) || Date.now() >= deadline) throw error;
      const held = describeOwner(error.owner);
      if (held !== told) console.error(`waiting for the lock of ${stack}: ${held}`);
      told = held;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

async function tryLock(stack: string, place: LockPlace, owner: LockOwner): Promise<Lock> {
  const [file, args] = place.command(["hold", place.file]);
  const child = spawn("bash", ["-c", heartbeats, "heartbeats", file, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    // An interrupt from the terminal is the deployment's: it ends in order, and only then lets go.
    detached: true,
  });
  let output = "";
  let errors = "";
  child.stdin.on("error", () => undefined);
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      errors += error.message;
      resolve(null);
    });
    child.on("close", resolve);
  });
  const held = new Promise<boolean>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output === "held\n") resolve(true);
    });
    void ended.then(() => {
      resolve(false);
    });
  });
  child.stdin.write(`${JSON.stringify(owner)}\n`);
  if (!(await held)) {
    if ((await ended) === 75) {
      throw new LockedError(stack, parseOwner(output) ?? unknownOwner);
    }
    const why = errors.trim().split("\n").at(-1) || "no answer";
    throw new LockPlaceError(
      `the lock of ${stack} is on ${place.host}, its first manager, which cannot be reached: ${why}`,
    );
  }
  let released = false;
  return {
    lost: new Promise((resolve) => {
      void ended.then(() => {
        if (!released) resolve("it was taken away, or the connection to its host is cut");
      });
    }),
    release: async () => {
      released = true;
      child.stdin.end();
      await ended;
    },
  };
}

/** What is known of an owner that is just writing, or was cut off doing so. */
const unknownOwner: LockOwner = {
  who: "somebody",
  pid: 0,
  since: "just now",
  commit: "unknown",
  what: "a deployment",
};

function parseOwner(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner;
  } catch {
    return undefined;
  }
}

/** Who holds the lock; undefined where nobody does. */
export async function lockOwner(place: LockPlace): Promise<LockOwner | undefined> {
  const { code, output, problem } = await run(place.command(["owner", place.file]));
  if (code !== 0) {
    throw new LockPlaceError(`${place.host}, which keeps the lock, cannot be reached: ${problem}`);
  }
  return output.trim() === "" ? undefined : (parseOwner(output) ?? unknownOwner);
}

/** Takes the lock away from this owner, which the manager's journal tells. False where it has changed hands meanwhile. */
export async function breakLock(place: LockPlace, owner: LockOwner, by: string): Promise<boolean> {
  const words = `${place.file} was taken away by ${by} from ${describeOwner(owner)}`;
  const { code, problem } = await run(place.command(["break", place.file, String(owner.holder ?? 0), words]));
  if (code !== 0 && code !== 75) {
    throw new LockPlaceError(`the lock on ${place.host} could not be broken: ${problem}`);
  }
  return code === 0;
}
