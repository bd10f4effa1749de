import { deployedHistory } from "./lib/history";
import { formatHistory } from "./lib/historyTable";
import { stackName } from "./lib/stack";
import { countArgument, parseArguments, runTool } from "./lib/tool";

const usage = `usage: history [--lines N] [--json]
The stack's versions, the newest last: when, from which commit, by whom, what changed, how long it took, how it ended,
whether it passed the tests after it, which images. From Pulumi's history and the records on the stack's hosts; the last 20 unless told otherwise.
STACK names the stack (default: the selected one). Exit code 1 when a host did not answer.`;

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, { flags: ["--json"], values: ["--lines"] });
  const lines = countArgument(values, "--lines", 20);
  const { history, warnings } = await deployedHistory(stackName());
  const shown = history.slice(-lines);
  console.log(flags.has("--json") ? JSON.stringify(shown, undefined, 2) : formatHistory(shown));
  for (const warning of warnings) {
    console.error(warning);
  }
  return warnings.length === 0 ? 0 : 1;
});
