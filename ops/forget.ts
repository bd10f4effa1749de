import { setTimeout as pause } from "node:timers/promises";
import { spawnSync } from "node:child_process";
import { configOf } from "./lib/audit";
import { nameOf } from "./lib/deployment";
import { letGo, nodeFormat, parseNodes, SwarmNode, Traces, tracesOf } from "./lib/forget";
import { knock } from "./lib/reach";
import { docker, manager, stackConfig, StackHost, stackHosts, stackName, stackState } from "./lib/stack";
import { openResources } from "./lib/state";
import { importState, keepState } from "./lib/stateFile";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: forget --host NAME [--config-file FILE]
For a host that is gone for good: takes its node out of the swarm, by another manager, and marks in Pulumi's state that
nothing can be removed on it any more, so that the next up removes it without dialling it. First remove it from
hypha:hosts. Refused for a host that still answers, or that has the stack's data unless hypha:cluster.abandonDataOn
names it. Does nothing a second time. STACK names the stack (default: the selected one).`;

/** The host is to be out of the configuration, and its data given up. */
function checkConfig(stack: string, host: string, traces: Traces, configFile: string | undefined): void {
  const config = configOf(stackConfig(stack, configFile));
  if (config === undefined) {
    throw new ToolError(`the configuration of ${stack} is not valid: make preview STACK=${stack} says why`);
  }
  if (host in config.hosts) {
    throw new ToolError(
      `${host} is under hypha:hosts: remove it there first. If it was hypha:cluster.first, name another manager as that`,
    );
  }
  if (traces.volumes.length > 0 && !config.cluster.abandonDataOn.includes(host)) {
    throw new ToolError(
      `${host} has the stack's data (volumes ${traces.volumes.join(" ")}), and no other host has: ` +
        `bring it back; or give them up: add ${host} to hypha:cluster.abandonDataOn`,
    );
  }
}

/** A host that answers, and shows the key that is pinned, is not gone. */
async function checkSilence(host: string, { target }: Traces): Promise<void> {
  const [address = "", port = ""] = [target?.at(-1)?.replace(/^.*@/, ""), target?.at(-2)];
  if (target === undefined || (await knock(address, Number(port))) !== undefined) return;
  const brief = ["-o", "ControlPath=none", "-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=1"];
  const { stderr } = spawnSync("ssh", [...brief, ...target, "true"], {
    encoding: "utf8",
    timeout: 30_000,
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (/host key verification failed/i.test(stderr)) return;
  throw new ToolError(
    `${host} still answers at ${address} port ${port}: run make up, which takes it out of the stack properly`,
  );
}

/** Takes the host's nodes out of the swarm; how many there were. */
async function leave(by: StackHost, stack: string, host: string): Promise<number> {
  const label = `node.label=hypha.${stack}.host=${host}`;
  const ids = docker(by, ["node", "ls", "--quiet", "--filter", label]).split("\n").filter(Boolean);
  const look = (): SwarmNode[] =>
    ids.length === 0 ? [] : parseNodes(docker(by, ["node", "inspect", "--format", nodeFormat, ...ids]));
  const nodes = look();
  if (nodes.some(({ state }) => state === "ready")) {
    throw new ToolError(
      `the swarm still hears from ${host}: it is cut off from here, not gone. One that has just died is called down ` +
        "within a minute: make status",
    );
  }
  const managers = nodes.filter(({ manages }) => manages).map(({ id }) => id);
  if (managers.length > 0) {
    docker(by, ["node", "demote", ...managers]);
    const deadline = Date.now() + 60_000;
    while (look().some(({ manages }) => manages)) {
      if (Date.now() > deadline) {
        throw new ToolError(
          `${host} is still one of the swarm's managers: without it too few of them would answer. ` +
            "Bring back another one first; see docs/operations.md, A fleet",
        );
      }
      await pause(500);
    }
  }
  if (ids.length > 0) docker(by, ["node", "rm", "--force", ...ids]);
  return ids.length;
}

runTool(usage, async (args) => {
  const { values } = parseArguments(args, { flags: [], values: ["--host", "--config-file"] });
  const host = values.get("--host") ?? "";
  if (host === "") {
    throw new ToolError("which host? make forget HOST=…");
  }
  const stack = stackName();
  const traces = tracesOf(openResources(stackState(stack, { showSecrets: true })), host);
  checkConfig(stack, host, traces, values.get("--config-file"));
  await checkSilence(host, traces);
  const by = manager(stackHosts(stack).filter(({ name }) => name !== host));
  const nodes = await leave(by, stack, host);
  console.log(
    `${host}: ${nodes === 0 ? `no node of the swarm, as ${by.name} knows it` : `taken out of the swarm by ${by.name}`}`,
  );
  const state = stackState(stack);
  const after = letGo(state, traces, by);
  if (JSON.stringify(after) === JSON.stringify(state)) {
    console.log(`${host}: the state has nothing of it that a removal would have to reach`);
    return 0;
  }
  keepState(stack, state);
  importState(stack, after);
  const names = traces.unreachable.map(nameOf);
  console.log(`${host}: goes without being dialled with the next make up: ${names.join(", ")}`);
  return 0;
});
