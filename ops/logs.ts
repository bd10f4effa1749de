import { services } from "./lib/services";
import { dockerAttached, manager, stackHosts, stackName } from "./lib/stack";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: logs --service NAME [--lines N] [--follow] [--json]
The log of one service over all its tasks and hosts, the last 100 lines unless told otherwise.
NAME may leave out the stack's prefix: edge is hypha-<stack>-edge. Where each version is a set of its own, it is the one
that is there, or is given by its own name. --json lists the services instead.
STACK names the stack (default: the selected one).`;

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, {
    flags: ["--follow", "--json"],
    values: ["--service", "--lines"],
  });
  const lines = values.get("--lines") ?? "100";
  if (!/^(\d+|all)$/.test(lines)) {
    throw new ToolError(`--lines ${lines}: give a number, or all`);
  }
  const stack = stackName();
  const host = manager(stackHosts(stack));
  const names = services(host, stack).map(({ name }) => name);
  if (flags.has("--json")) {
    console.log(JSON.stringify({ stack, services: names }, undefined, 2));
    return 0;
  }
  const wanted = values.get("--service");
  const whole = `hypha-${stack}-${wanted}`;
  const sets = names.filter((known) => known.replace(/-service-[0-9a-f]{7}$/, "") === whole);
  const name =
    names.find((known) => known === wanted || known === whole) ?? (sets.length > 1 ? undefined : sets[0]);
  if (name === undefined) {
    const problem =
      wanted === undefined ? "which service? make logs SERVICE=…" : `no service is called ${wanted}`;
    throw new ToolError(`${problem}\nThere are: ${names.join(", ") || "none; deploy them with make up"}`);
  }
  const follow = flags.has("--follow") ? ["--follow"] : [];
  return dockerAttached(host, ["service", "logs", "--timestamps", "--tail", lines, ...follow, name]);
});
