import { spawnSync } from "child_process";
import { conclude, conclusionOf } from "./lib/conclude";
import { agreed, askable, confirm } from "./lib/confirm";
import { runEngine } from "./lib/engineRun";
import { stackName } from "./lib/stack";
import { runTool, splitArguments } from "./lib/tool";

const usage = `usage: deploy [--yes] [--parallel N] [--config-file FILE] [pulumi options…]
The last phase of make up: shows what would change, asks, deploys, says what failed and why, writes the audit log, and
looks whether the site answers. Any other option goes to pulumi as it is. STACK names the stack (default: the selected one).
--yes asks nothing (the same as YES=1; CI=true implies it).
Exit code 0: deployed, and all answers; 1: not; 2: it could not begin.`;

runTool(usage, async (args) => {
  const { flags, rest } = splitArguments(args, ["--yes"]);
  askable(flags);
  const stack = stackName();
  const common = ["--stack", stack, ...rest];
  const preview = await runEngine("preview", common);
  if (preview.code !== 0) {
    return 1;
  }
  if (!agreed(flags) && !(await confirm(`Deploy this to ${stack}?`))) {
    return 1;
  }
  const update = await runEngine("up", [...common, "--yes", "--skip-preview"]);
  const conclusion = conclusionOf(stack, update.events);
  if (conclusion !== undefined) {
    await conclude(conclusion);
  }
  if (update.code !== 0) {
    console.error("The deployment failed.");
    return 1;
  }
  return spawnSync("tsx", ["ops/smoke.ts"], { stdio: "inherit" }).status === 0 ? 0 : 1;
});
