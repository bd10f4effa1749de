import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";

/** What Pulumi's file backend keeps of an operation under way. */
interface BackendLock {
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

/** Where a file backend is; undefined for any other. */
function backendDirectory(
  url = process.env["PULUMI_BACKEND_URL"] ?? process.env["HYPHA_BACKEND"],
): string | undefined {
  if (url?.startsWith("file://") !== true) {
    return undefined;
  }
  const place = url.slice("file://".length).replace(/\?.*$/, "");
  return place.startsWith("~") ? path.join(os.homedir(), place.slice(1)) : path.resolve(place);
}

/** The locks of a stack in a file backend. */
export function backendLocks(project: string, stack: string): BackendLock[] {
  const root = backendDirectory();
  if (root === undefined) {
    return [];
  }
  const directory = path.join(
    root,
    ".pulumi",
    "locks",
    "organization",
    project,
    stack.split("/").at(-1) ?? stack,
  );
  const names = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
  return names.flatMap((name) => {
    try {
      return [JSON.parse(fs.readFileSync(path.join(directory, name), "utf8")) as BackendLock];
    } catch {
      // It has just gone.
      return [];
    }
  });
}

/** Whether a process of this machine is Pulumi at work. */
function atWork({ pid, hostname }: BackendLock): boolean {
  if (hostname !== os.hostname()) {
    return true;
  }
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("pulumi");
  } catch {
    return fs.existsSync("/proc/self/comm") ? false : alive(pid);
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Removes Pulumi's own lock where it is a dead process's of this machine. Only for who holds the stack's lock. Says
 * what it did; what stands in the way otherwise.
 */
export function clearDeadLock(
  project: string,
  stack: string,
): { removed: string[]; inTheWay: string | undefined } {
  const locks = backendLocks(project, stack);
  const living = locks.find(atWork);
  if (living !== undefined) {
    const { username, hostname, pid, timestamp } = living;
    return {
      removed: [],
      inTheWay:
        `Pulumi's own lock of ${stack} is held by ${username}@${hostname} (process ${pid}) since ${timestamp}\n` +
        (hostname === os.hostname()
          ? "It is still at work: wait for its end."
          : `If nothing of it runs on ${hostname} any more: pulumi cancel --stack ${stack} (in make shell)`),
    };
  }
  if (locks.length > 0) {
    const { status, stderr } = spawnSync("pulumi", ["cancel", "--yes", "--stack", stack], {
      encoding: "utf8",
    });
    if (status !== 0) {
      return {
        removed: [],
        inTheWay: `Pulumi's own lock of ${stack} could not be removed: ${stderr.trim()}`,
      };
    }
  }
  return {
    removed: locks.map(({ pid, timestamp }) => `process ${pid}, which began at ${timestamp} and is dead`),
    inTheWay: undefined,
  };
}
