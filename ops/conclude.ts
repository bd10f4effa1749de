import * as fs from "fs";
import { addresses, auditRecord, configOf, onHosts, operator } from "./lib/audit";
import { deploymentOf, failuresOf, formatFailures, parseEvents } from "./lib/deployment";
import { stackName } from "./lib/stack";
import { runTool, ToolError } from "./lib/tool";

const usage = `usage: conclude EVENT_LOG
What ops/up.sh does after pulumi up, from the event log that it left: lists everything that failed, and adds a line to the
audit log of each host if anything was changed or tried. A host that does not take it is a warning.`;

runTool(usage, async ([file]) => {
  if (file === undefined) {
    throw new ToolError("conclude EVENT_LOG: which log? See --help");
  }
  const events = fs.existsSync(file) ? parseEvents(fs.readFileSync(file, "utf8")) : [];
  const deployment = deploymentOf(events);
  if (deployment === undefined) {
    return 0;
  }
  const config = configOf(deployment.config);
  const failures = failuresOf(events, addresses(config));
  if (failures.length > 0) {
    console.error(formatFailures(failures, process.stderr.isTTY && !process.env["NO_COLOR"]));
  }
  if (config !== undefined && Object.keys(deployment.changes).length > 0) {
    const record = auditRecord(stackName(), deployment, config, operator(process.cwd()));
    for (const answer of await onHosts(config, (log) => `cat >>${log}`, `${JSON.stringify(record)}\n`)) {
      if ("problem" in answer) {
        console.error(`warning: ${answer.host}: the deployment is not in its audit log: ${answer.problem}`);
      }
    }
  }
  return 0;
});
