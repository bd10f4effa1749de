import { Check } from "./checks";
import { TreeState } from "./git";

const shown = 5;

/**
 * Whether what is deployed is what the commit says. Servers get nothing else, as nobody could put it back later;
 * `allowed` (ALLOW_DIRTY=1) lets it through, and the audit log says so.
 */
export function treeCheck(tree: TreeState, options: { servers: boolean; allowed: boolean }): Check {
  const name = "git tree";
  const { commit, changed } = tree;
  if (commit === undefined) {
    return {
      name,
      verdict: options.servers && !options.allowed ? "FAILED" : "warn",
      what: "this is no git checkout: nobody will know what was deployed",
      fix: "deploy from a clone, or say ALLOW_DIRTY=1",
    };
  }
  if (changed.length === 0) {
    return { name, verdict: "ok", what: `clean at ${commit.slice(0, 12)}` };
  }
  const more = changed.length > shown ? ` and ${changed.length - shown} more` : "";
  const what = `differs from commit ${commit.slice(0, 12)}: ${changed.slice(0, shown).join(", ")}${more}`;
  if (!options.servers) {
    return { name, verdict: "ok", what: `${what} (a local stack)` };
  }
  return options.allowed
    ? { name, verdict: "warn", what: `${what}; ALLOW_DIRTY=1 lets it through, and the audit log says so` }
    : {
        name,
        verdict: "FAILED",
        what,
        fix: "commit, so that this version can be put back later; or say ALLOW_DIRTY=1",
      };
}
