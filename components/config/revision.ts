import { execFileSync } from "child_process";

/** The commit this program is at, with `-dirty` where files differ from it; `unknown` outside a git checkout. */
export function gitRevision(directory: string): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"], {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}
