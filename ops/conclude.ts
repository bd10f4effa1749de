import * as fs from "fs";
import { conclude, conclusionOf } from "./lib/conclude";
import { parseEvents } from "./lib/deployment";
import { stackName } from "./lib/stack";
import { runTool, ToolError } from "./lib/tool";

const usage = `usage: conclude EVENT_LOG
What make up does after pulumi up, for a deployment by plain pulumi, from the event log that it left: lists everything
that failed, and where anything was changed or tried adds a line to the audit log of each host and keeps a record beside it.
A host that does not take them
is a warning.`;

runTool(usage, async ([file]) => {
  if (file === undefined) {
    throw new ToolError("conclude EVENT_LOG: which log? See --help");
  }
  const events = fs.existsSync(file) ? parseEvents(fs.readFileSync(file, "utf8")) : [];
  const conclusion = events.length === 0 ? undefined : conclusionOf(stackName(), events);
  if (conclusion !== undefined) {
    await conclude(conclusion);
  }
  return 0;
});
