import { configOf } from "./lib/audit";
import { deployedHistory } from "./lib/history";
import { lockOwner, LockOwner, lockPlace } from "./lib/lock";
import { formatNodes, isSound, nodes } from "./lib/nodes";
import { runningOn } from "./lib/running";
import { services } from "./lib/services";
import { manager, stackHosts, stackName, stackOutputs } from "./lib/stack";
import { componentsNow, formatComponents, formatDeployment, formatLock } from "./lib/status";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: status [--json]
The stack now: its last deployment and who holds its lock; its hosts as they were last measured, and whether the swarm
hears from them; and every component, with its version: running and wanted replicas, the image that is wanted and the one
that runs, health, since when it runs, and its tasks. A manager that answers and the hosts themselves are asked.
STACK names the stack (default: the selected one). Exit code 1 when a component or a host is not as it should be.`;

runTool(usage, async (args) => {
  const { flags } = parseArguments(args, { flags: ["--json"] });
  const stack = stackName();
  const outputs = stackOutputs(stack);
  const all = stackHosts(stack, outputs);
  const by = manager(all);
  const list = services(by, stack);
  if (list.length === 0) {
    throw new ToolError(`stack ${stack} has no services: deploy it (make up STACK=${stack})`);
  }
  const swarm = nodes(by, stack);
  const [{ history, warnings: silent }, { running, warnings }] = await Promise.all([
    deployedHistory(stack),
    runningOn(all),
  ]);
  const last = history.filter(({ kind }) => kind === "update").at(-1);
  const lock = await holder(stack, last?.config ?? {});
  // The newest record tells what each node runs, also where the last deployment changed nothing.
  const recorded = history.filter(({ record }) => record !== undefined).at(-1)?.record?.components ?? {};
  const programs = Object.fromEntries(
    Object.entries(recorded).flatMap(([name, { type, version }]) =>
      type === "hypha:mycelium:MyceliumNode" && version !== undefined ? [[name, version]] : [],
    ),
  );
  const components = componentsNow(stack, list, running, outputs.images ?? {}, programs);
  const { fleet = [], hosts = {} } = outputs;
  if (flags.has("--json")) {
    const facts = Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, host.facts]));
    const deployment =
      last === undefined ? null : { ...last, config: undefined, record: last.record ?? null };
    console.log(
      JSON.stringify({ stack, deployment, lock, hosts: facts, nodes: swarm, components }, undefined, 2),
    );
  } else {
    const colour = process.stdout.isTTY && !process.env["NO_COLOR"];
    console.log(
      [formatDeployment(last), formatLock(lock), "", ...fleet, "", formatNodes(swarm), ""].join("\n"),
    );
    console.log(formatComponents(components, colour));
  }
  for (const warning of new Set([...silent, ...warnings])) {
    console.error(`warning: ${warning}`);
  }
  return swarm.every(isSound) && components.every(({ problems }) => problems.length === 0) ? 0 : 1;
});

/** Who holds the lock; its host may be down. */
async function holder(
  stack: string,
  raw: Readonly<Record<string, string>>,
): Promise<{ owner?: LockOwner; problem?: string }> {
  const config = configOf(raw);
  if (config === undefined) {
    return { problem: "not known: the last deployment's configuration is of another Hypha" };
  }
  try {
    return { owner: await lockOwner(lockPlace(stack, config)) };
  } catch (error) {
    return { problem: `not known: ${error instanceof Error ? error.message : String(error)}` };
  }
}
