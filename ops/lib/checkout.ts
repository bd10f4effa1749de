import { execFileSync, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { stringify } from "yaml";
import { git } from "./git";
import { ToolError } from "./tool";

/** An earlier version's program and configuration, for as long as they are needed. */
export interface VersionCheckout {
  /** The program. */
  directory: string;
  /** Its configuration, as a stack file. */
  configFile: string;
  remove: () => void;
}

/** Raw configuration, `hypha:<section>` to its text, as the text of a stack file with the salt of today. */
export function stackFileText(config: Readonly<Record<string, string>>, salt: string | undefined): string {
  const sections = Object.entries(config).map(([key, text]) => [key, JSON.parse(text) as unknown]);
  return stringify({
    ...(salt === undefined ? {} : { encryptionsalt: salt }),
    config: Object.fromEntries(sections) as Record<string, unknown>,
  });
}

/**
 * Puts a commit's program into a directory of its own, beside a stack file. Its packages are this checkout's where both
 * want the same ones. Nothing of this checkout changes.
 */
export function checkOut(commit: string, stackFile: string, root = process.cwd()): VersionCheckout {
  if (git(root, "cat-file", "-e", `${commit}^{commit}`) === undefined) {
    throw new ToolError(
      `commit ${commit} is not in this checkout: fetch it first (git fetch --all, or --unshallow)`,
    );
  }
  const own = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-version-"));
  const directory = path.join(own, "program");
  const remove = () => {
    spawnSync("git", ["worktree", "remove", "--force", directory], { cwd: root });
    fs.rmSync(own, { recursive: true, force: true });
  };
  try {
    execFileSync("git", ["worktree", "add", "--quiet", "--detach", directory, commit], { cwd: root });
    packages(root, directory);
    const configFile = path.join(own, "stack.yaml");
    fs.writeFileSync(configFile, stackFile);
    return { directory, configFile, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function packages(root: string, directory: string): void {
  const lock = (of: string) => fs.readFileSync(path.join(of, "package-lock.json"), "utf8");
  const there = path.join(directory, "node_modules");
  if (fs.existsSync(there)) {
    return;
  }
  if (lock(root) === lock(directory)) {
    fs.symlinkSync(fs.realpathSync(path.join(root, "node_modules")), there);
  } else {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: directory,
      stdio: "inherit",
    });
  }
}
