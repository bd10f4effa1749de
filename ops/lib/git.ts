import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { isDeepStrictEqual } from "util";
import { parse } from "yaml";

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

/**
 * The state of a checkout. A stack file that says the same as before counts as unchanged: Pulumi adds the salt of the
 * stack's secrets on the first deployment, and lays the file out anew.
 */
export function treeState(directory: string, stackFile: string): TreeState {
  const commit = git(directory, "rev-parse", "HEAD")?.trim();
  const status = git(directory, "status", "--porcelain", "-z", "--no-renames") ?? "";
  const changed = status
    .split("\0")
    .map((row) => row.slice(3))
    // The packages are told by their lock file; in a version's own directory they are a link, which is not ignored.
    .filter((file) => file !== "" && file !== "node_modules")
    .filter((file) => file !== stackFile || !saysTheSame(directory, file));
  return { commit, changed };
}

function saysTheSame(directory: string, file: string): boolean {
  const committed = git(directory, "show", `HEAD:${file}`);
  const now = path.join(directory, file);
  if (committed === undefined || !fs.existsSync(now)) {
    return false;
  }
  try {
    const [before, after] = [committed, fs.readFileSync(now, "utf8")].map(
      (text) => parse(text) as Record<string, unknown>,
    );
    return isDeepStrictEqual({ encryptionsalt: after?.["encryptionsalt"], ...before }, after);
  } catch {
    return false;
  }
}
