import { table } from "../components/shell/table";
import { Answer, configOf, merge, onHosts, Places } from "./lib/audit";
import { stackConfig, stackName } from "./lib/stack";
import { countArgument, parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: audit [--lines N] [--json]
The last deployments of this and other stacks, and locks that were taken away, from the audit logs of the stack's hosts,
merged by time; 20 lines of each host unless told otherwise. STACK names the stack (default: the selected one). Exit code 1 when a host did not answer.`;

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, { flags: ["--json"], values: ["--lines"] });
  const lines = countArgument(values, "--lines", 20);
  const stack = stackName();
  const config = configOf(stackConfig(stack));
  if (config === undefined) {
    throw new ToolError(`the configuration of ${stack} is not valid: make preview STACK=${stack} says why`);
  }
  // The log before the last rotation goes first.
  const read = ({ log }: Places) => `cat ${log}.1 ${log} 2>/dev/null | tail -n ${lines}`;
  const answers = await onHosts(config, read);
  const records = merge(answers);
  if (flags.has("--json")) {
    console.log(JSON.stringify(records, undefined, 2));
  } else if (records.length > 0) {
    const head = ["when", "result", "time", "stack", "commit", "config", "who", "hosts"];
    const rows = records.map(
      ({ when, result, seconds, stack: of, commit, dirty, configHash, who, author, from, hosts }) => [
        when.replace(".000Z", "Z"),
        result,
        `${seconds} s`,
        of,
        `${commit.slice(0, 12)}${dirty ? "-dirty" : ""}`,
        configHash.slice(0, 12),
        [who, author, from === undefined ? undefined : `from ${from}`].filter(Boolean).join(" "),
        hosts.join(","),
      ],
    );
    console.log(table([head, ...rows]));
  } else {
    console.log("no deployment is in the hosts' audit logs");
  }
  const silent = answers.filter(
    (answer): answer is Extract<Answer, { problem: string }> => "problem" in answer,
  );
  for (const { host, problem } of silent) {
    console.error(`${host}: its audit log cannot be read: ${problem}`);
  }
  return silent.length === 0 ? 0 : 1;
});
