import { StackConfig } from "../components/config/schema";
import { Deployed, deployedHistory } from "./lib/history";
import { formatHistory } from "./lib/historyTable";
import { askLog, keptLogs } from "./lib/record";
import { stackName } from "./lib/stack";
import { countArgument, parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: history [--lines N | --version N] [--json]
The stack's versions, the newest last: when, from which commit, by whom, what changed, how long it took, how it ended,
whether it passed the tests after it, which images. From Pulumi's history and the records on the stack's hosts; the last
20 unless told otherwise. --version prints the log of one version as its hosts have kept it, with --json its record.
STACK names the stack (default: the selected one). Exit code 1 when a host did not answer, or none has what was asked for.`;

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, { flags: ["--json"], values: ["--lines", "--version"] });
  const lines = countArgument(values, "--lines", 20);
  const wanted = values.get("--version") ?? "";
  const { history, warnings, config } = await deployedHistory(stackName());
  for (const warning of warnings) {
    console.error(warning);
  }
  const complete = warnings.length === 0 ? 0 : 1;
  if (wanted !== "") {
    return (await showVersion(wanted, history, config, flags.has("--json"))) ? complete : 1;
  }
  const shown = history.slice(-lines);
  console.log(flags.has("--json") ? JSON.stringify(shown, undefined, 2) : formatHistory(shown));
  return complete;
});

/** Prints the log of a version, or its record; false where no host has it. */
async function showVersion(
  wanted: string,
  history: readonly Deployed[],
  config: StackConfig | undefined,
  json: boolean,
): Promise<boolean> {
  const entry = history.find(({ version }) => String(version) === wanted);
  if (entry === undefined) {
    throw new ToolError(`VERSION=${wanted}: give a number of make history`);
  }
  const { record } = entry;
  if (record === undefined || config === undefined) {
    console.error(
      `version ${wanted}: no host has a record of it: it changed nothing, was killed, or is too old`,
    );
    return false;
  }
  if (json) {
    console.log(JSON.stringify(record, undefined, 2));
    return true;
  }
  const log = await askLog(config, record);
  if (log === "") {
    console.error(`version ${wanted}: no host has its log any more: they keep those of the last ${keptLogs}`);
    return false;
  }
  process.stdout.write(log);
  return true;
}
