import { operator } from "./lib/audit";
import { notify } from "./lib/notify";
import { stackFileConfig, stackFileName } from "./lib/stackFile";
import { stackName } from "./lib/stack";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: notify
Tells every target under hypha:notifications that this is a test, whatever events it is told of otherwise.
STACK names the stack (default: the selected one). Exit code 1 when a target was not told.`;

runTool(usage, async (args) => {
  parseArguments(args, { flags: [] });
  const stack = stackName();
  const { notifications = {} } = stackFileConfig(stackFileName(stack));
  const names = Object.keys(notifications);
  if (names.length === 0) {
    throw new ToolError(`hypha:notifications of ${stack} names nobody: see docs/operations.md`);
  }
  const everything = Object.fromEntries(
    Object.entries(notifications).map(([name, target]) => [name, { ...target, on: ["start" as const] }]),
  );
  const { who } = operator(process.cwd());
  const when = new Date().toISOString();
  const lines = ["This is a test: nothing is deployed."];
  const warnings = await notify(everything, { event: "start", stack, who, when, lines });
  for (const warning of warnings) {
    console.error(warning);
  }
  console.log(`${names.length - warnings.length} of ${names.length} told`);
  return warnings.length === 0 ? 0 : 1;
});
