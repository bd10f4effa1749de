import { execFileSync } from "child_process";

/** What `git args…` prints in a checkout; undefined where it fails, as outside a checkout. */
export function git(directory: string, ...args: string[]): string | undefined {
  try {
    return execFileSync("git", args, {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined;
  }
}

/** What the working tree is, against its commit. */
export interface TreeState {
  /** Undefined outside a git checkout. */
  commit: string | undefined;
  /** Files that differ from the commit or are unknown to it, as git names them. */
  changed: string[];
}

/** The line that a stack's first deployment adds to its file; it says nothing of what is deployed. */
const saltOnly = /^\+encryptionsalt: \S+$/;

/** The state of a checkout. The stack file with nothing but a new `encryptionsalt:` counts as unchanged. */
export function treeState(directory: string, stackFile: string): TreeState {
  const commit = git(directory, "rev-parse", "HEAD")?.trim();
  const status = git(directory, "status", "--porcelain", "-z", "--no-renames") ?? "";
  const changed = status
    .split("\0")
    .filter((row) => row !== "")
    .map((row) => ({ state: row.slice(0, 2), file: row.slice(3) }))
    .filter(({ state, file }) => state === "??" || file !== stackFile || !onlySalt(directory, file))
    .map(({ file }) => file);
  return { commit, changed };
}

function onlySalt(directory: string, file: string): boolean {
  const diff = git(directory, "diff", "HEAD", "--unified=0", "--no-color", "--no-ext-diff", "--", file) ?? "";
  const lines = diff.split("\n").filter((line) => /^[-+]/.test(line) && !/^(---|\+\+\+) /.test(line));
  return lines.length > 0 && lines.every((line) => saltOnly.test(line));
}
