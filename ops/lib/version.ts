import { execFileSync } from "child_process";
import { Deployed } from "./history";
import { DeploymentRecord } from "./record";
import { ToolError } from "./tool";

/** What a version was made of: all that is needed to put it back. */
export interface Version {
  version: number;
  commit: string;
  /** Raw configuration, `hypha:<section>` to its text. */
  config: Record<string, string>;
  /** Left out where no host has the record. */
  images?: DeploymentRecord["images"];
}

/** The commit that a tag or branch of the checkout names; undefined where there is none. */
export function commitOf(name: string, directory = process.cwd()): string | undefined {
  try {
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
    return execFileSync("git", args, {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}

/**
 * The deployment that `wanted` means: a version's number, a commit (its first 7 digits or more), or what git knows by
 * that name. Of several deployments of a commit the newest that ended well, and passed its tests if one did. Throws where there is none to put back.
 */
export function resolveVersion(
  wanted: string,
  history: readonly Deployed[],
  tag: (name: string) => string | undefined = commitOf,
): Version & { entry: Deployed } {
  const updates = history.filter(({ kind }) => kind === "update");
  const known = updates.map(({ version }) => version);
  const numbered = /^\d+$/.test(wanted)
    ? updates.find(({ version }) => String(version) === wanted)
    : undefined;
  const commit = /^[0-9a-f]{7,40}$/.test(wanted) ? wanted : tag(wanted);
  const of = updates.filter((entry) => commit !== undefined && entry.commit?.startsWith(commit) === true);
  const made = of.filter(({ result }) => result === "succeeded");
  const working = made.filter(({ record }) => record?.validation?.ok !== false);
  const entry = numbered ?? working.at(-1) ?? made.at(-1) ?? of.at(-1);
  if (entry === undefined) {
    throw new ToolError(
      `VERSION=${wanted}: no deployment of this stack is that, a version's number, a commit's first digits or a tag; ` +
        `versions: ${known.length === 0 ? "none" : `${known[0] ?? ""} to ${known.at(-1) ?? ""}`}, see make history`,
    );
  }
  if (entry.result !== "succeeded") {
    throw new ToolError(
      `VERSION=${wanted}: version ${entry.version} ${entry.result}: take one that succeeded, see make history`,
    );
  }
  if (entry.commit === undefined) {
    throw new ToolError(
      `VERSION=${wanted}: version ${entry.version} was not deployed from a git checkout, so its program is not known`,
    );
  }
  const images = entry.record?.images;
  return {
    version: entry.version,
    commit: entry.commit,
    config: Object.fromEntries(Object.entries(entry.config).filter(([key]) => key.startsWith("hypha:"))),
    ...(images === undefined ? {} : { images }),
    entry,
  };
}
