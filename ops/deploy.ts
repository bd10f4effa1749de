import { agreed, askable } from "./lib/confirm";
import { deployParts } from "./lib/deploy";
import { checkTree } from "./lib/preflight";
import { goesBack, putLastGoodBack } from "./lib/putBack";
import { release } from "./lib/release";
import { stackName } from "./lib/stack";
import { readStackFile, stackFileConfig, stackFileName } from "./lib/stackFile";
import { runTool, splitArguments } from "./lib/tool";

const usage = `usage: deploy [--yes] [--config-file FILE] [pulumi options…]
The last phase of make up: takes the stack's lock, checks everything (see make check), shows what would change, asks,
deploys, says what failed and why, writes the audit log, and asks what make smoke asks, or, with a section
hypha:validation in the stack file, all of make validate. Any other option goes to
pulumi as it is. STACK names the stack (default: the selected one).
While it deploys a terminal shows a table of the hosts and what is done on each; anything else gets a line with time and
level for each step. VERBOSE=1 shows all that Pulumi says instead.
--yes asks nothing (the same as YES=1; CI=true implies it). WAIT=600 waits so many seconds for the lock.
ROLLBACK_ON_FAILURE=true puts the last good version back after a failure, and still exits 1; false does not. Without it
hypha:release.rollbackOnFailure says so.
ALLOW_DIRTY=1 deploys files that differ from the commit; ALLOW_DATA_CHANGE=1 what cannot be undone.
Exit code 0: deployed, and all answers; 1: not; 2: it could not begin.`;

runTool(usage, async (args) => {
  const { flags, rest } = splitArguments(args, ["--yes"]);
  askable(flags);
  const stack = stackName();
  const at = rest.indexOf("--config-file");
  const file = (at < 0 ? undefined : rest[at + 1]) ?? stackFileName(stack);
  const config = stackFileConfig(file);
  const began = new Date();
  const deploy = {
    stack,
    config,
    what: "up",
    options: rest,
    yes: agreed(flags),
    tree: checkTree(stack, config),
    validation: "hypha:validation" in readStackFile(file).config,
  };
  const back = goesBack(process.env["ROLLBACK_ON_FAILURE"], config);
  return release(
    deployParts(deploy, () => (back ? putLastGoodBack(deploy, began) : Promise.resolve(undefined))),
  );
});
