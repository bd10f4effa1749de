import { writeFileSync } from "fs";
import { checksExitCode, formatChecks, junit } from "./lib/checkReport";
import { stackName } from "./lib/stack";
import { parseArguments, runTool } from "./lib/tool";
import { validate } from "./lib/validate";

const usage = `usage: validate [--quick] [--json] [--junit FILE]
Checks that the deployed stack does what it is for: resources of the hosts, what answers from here and what must not,
Mycelium, every service by what it says, an account that logs in, writes and reads, and response times. The site is asked
through its edge, its certificate verified against the stack's authority. Thresholds are under hypha:validation.
--quick asks only what each service answers (make smoke); --junit writes a report for CI to FILE, besides.
STACK names the stack (default: the selected one). Exit code 1 when a check failed; warnings change nothing.`;

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, { flags: ["--quick", "--json"], values: ["--junit"] });
  const stack = stackName();
  const { results } = await validate(stack, { quick: flags.has("--quick") });
  const file = values.get("--junit");
  if (file !== undefined) {
    writeFileSync(file, junit(stack, results));
  }
  console.log(flags.has("--json") ? JSON.stringify({ stack, results }, undefined, 2) : formatChecks(results));
  return checksExitCode(results);
});
