import { operator, unlockRecord } from "./lib/audit";
import { writeDown } from "./lib/conclude";
import { agreed, askable, confirm } from "./lib/confirm";
import { breakLock, describeOwner, lockOwner, lockPlace } from "./lib/lock";
import { stackName } from "./lib/stack";
import { stackFileConfig, stackFileName } from "./lib/stackFile";
import { runTool, splitArguments, ToolError } from "./lib/tool";

const usage = `usage: lock [show | break [--yes]] [--json]
Who deploys the stack now, as its lock on the first manager says. break takes the lock away from its owner, after asking:
that deployment ends after the steps it is in, and the hosts' audit logs tell who did it. A lock ends with its process, so this is for one that hangs. STACK names
the stack (default: the selected one). Exit code 0: free, or broken; 1: held, or left as it is.`;

runTool(usage, async (args) => {
  const { flags, rest } = splitArguments(args, ["--yes", "--json"]);
  const [verb = "show"] = rest;
  if (!["show", "break"].includes(verb) || rest.length > 1) {
    throw new ToolError(`lock ${rest.join(" ")}: show or break? See --help`);
  }
  const stack = stackName();
  const config = stackFileConfig(stackFileName(stack));
  const place = lockPlace(stack, config);
  const owner = await lockOwner(place);
  if (flags.has("--json")) {
    console.log(JSON.stringify({ stack, host: place.host, owner: owner ?? null }, undefined, 2));
    return owner === undefined ? 0 : 1;
  }
  if (owner === undefined) {
    console.log(`the lock of ${stack} is free`);
    return 0;
  }
  console.log(`the lock of ${stack} on ${place.host} is held: ${describeOwner(owner)}`);
  if (verb === "show") {
    return 1;
  }
  askable(flags);
  if (!agreed(flags) && !(await confirm(`Take it away from ${owner.who}?`))) {
    return 1;
  }
  const by = operator(process.cwd());
  const { who } = by;
  if (!(await breakLock(place, owner, who))) {
    throw new ToolError("it has changed hands meanwhile: look again (make lock)");
  }
  await writeDown(config, { audit: unlockRecord(stack, owner, config, by) });
  console.log(`the lock was taken away from ${owner.who} by ${who}`);
  return 0;
});
