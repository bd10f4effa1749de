import { formatStatus, services } from "./lib/services";
import { manager, stackHosts, stackName } from "./lib/stack";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: status [--json]
The stack's services: running and wanted replicas, image, and the state of their tasks, asked of the engine itself.
STACK names the stack (default: the selected one). Exit code 1 when a service runs fewer replicas than wanted.`;

runTool(usage, (args) => {
  const { flags } = parseArguments(args, { flags: ["--json"] });
  const stack = stackName();
  const list = services(manager(stackHosts(stack)), stack);
  if (list.length === 0) {
    throw new ToolError(`stack ${stack} has no services: deploy it (make up STACK=${stack})`);
  }
  console.log(
    flags.has("--json") ? JSON.stringify({ stack, services: list }, undefined, 2) : formatStatus(list),
  );
  return list.every(({ running, wanted }) => running >= wanted) ? 0 : 1;
});
