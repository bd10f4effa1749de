import { exitCode, formatReports, HostReport, planChecks } from "./lib/doctor";
import { repair } from "./lib/repair";
import { checkHost } from "./lib/session";
import { hostsOf, stackName, stackState } from "./lib/stack";
import { liveResources } from "./lib/state";
import { parseArguments, runTool } from "./lib/tool";

const usage = `usage: doctor [--fix [--yes] [--config-file FILE]] [--json]
Compares every file, unit, package, account, rule and label that the stack keeps on its hosts, and what it runs there,
with what it would write. Shows a diff for each thing that differs: - is what the host has. Changes nothing.
--fix lets Pulumi put it right (it shows what it will do, and asks unless --yes), then compares again.
STACK names the stack (default: the selected one).
Exit code 0: nothing differs; 1: something does; 2: something could not be checked.`;

/** All hosts at once; one that cannot be reached does not stop the others. */
function diagnose(stack: string): Promise<HostReport[]> {
  const resources = liveResources(stackState(stack, { showSecrets: true }));
  return Promise.all(planChecks(resources, hostsOf(stack, resources)).map(checkHost));
}

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, {
    flags: ["--fix", "--yes", "--json"],
    values: ["--config-file"],
  });
  const stack = stackName();
  let reports = await diagnose(stack);
  if (flags.has("--fix") && reports.some(({ drifted }) => drifted.length > 0)) {
    console.error(formatReports(reports));
    repair(reports, { stack, yes: flags.has("--yes"), configFile: values.get("--config-file") });
    reports = await diagnose(stack);
  }
  console.log(
    flags.has("--json") ? JSON.stringify({ stack, hosts: reports }, undefined, 2) : formatReports(reports),
  );
  return exitCode(reports);
});
