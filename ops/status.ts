import { formatNodes, isSound, nodes } from "./lib/nodes";
import { formatStatus, services } from "./lib/services";
import { manager, stackHosts, stackName, stackOutputs } from "./lib/stack";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: status [--json]
The stack's hosts as they were last measured; whether the swarm hears from them; and its services: running and wanted
replicas, image, and the state of their tasks, asked of a manager that answers. STACK names the stack (default: the
selected one). Exit code 1 when a service runs fewer replicas than wanted, or a host is not in the swarm as it should be.`;

runTool(usage, (args) => {
  const { flags } = parseArguments(args, { flags: ["--json"] });
  const stack = stackName();
  const outputs = stackOutputs(stack);
  const by = manager(stackHosts(stack, outputs));
  const list = services(by, stack);
  if (list.length === 0) {
    throw new ToolError(`stack ${stack} has no services: deploy it (make up STACK=${stack})`);
  }
  const swarm = nodes(by, stack);
  const { fleet = [], hosts = {} } = outputs;
  const facts = Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, host.facts]));
  console.log(
    flags.has("--json")
      ? JSON.stringify({ stack, hosts: facts, nodes: swarm, services: list }, undefined, 2)
      : [...fleet, "", formatNodes(swarm), "", formatStatus(list)].join("\n"),
  );
  return swarm.every(isSound) && list.every(({ running, wanted }) => running >= wanted) ? 0 : 1;
});
