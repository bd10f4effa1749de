import { readFileSync } from "fs";
import { AuditRecord } from "./lib/audit";
import { deploymentSummary } from "./lib/deploymentSummary";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: deploymentSummary --audit FILE --log FILE --since TIME --code N [--run URL]
What a deployment did, as the Markdown of a run's summary: from make audit JSON=1, what was printed, when it began and
how it ended. STACK names the stack.`;

function records(file: string): AuditRecord[] | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as AuditRecord[];
  } catch {
    return undefined;
  }
}

runTool(usage, (args) => {
  const { values } = parseArguments(args, {
    flags: [],
    values: ["--audit", "--log", "--since", "--code", "--run"],
  });
  const [audit, log, since, code] = ["--audit", "--log", "--since", "--code"].map((name) => values.get(name));
  const stack = process.env["STACK"];
  if (audit === undefined || log === undefined || since === undefined || code === undefined || !stack) {
    throw new ToolError("deploymentSummary needs --audit, --log, --since, --code and STACK; see --help");
  }
  process.stdout.write(
    deploymentSummary({
      stack,
      code: Number(code),
      since,
      records: records(audit),
      log: readFileSync(log, "utf8"),
      run: values.get("--run"),
    }),
  );
  return 0;
});
