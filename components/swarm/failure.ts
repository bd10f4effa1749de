import * as pulumi from "@pulumi/pulumi";
import { dockerCommand, hostCommand } from "../host/dockerCommand";
import { Host } from "../host/host";
import { Cluster } from "./cluster";
import { removeNow } from "./removal";
import { failedTask, renderEvidence } from "./diagnosis";

/** The container of a task and the node that it was given to, a word each; a task that never started has neither. */
const whereabouts = "{{.NodeID}} {{with .Status.ContainerStatus}}{{.ContainerID}}{{end}}";

/** Lines of the engine and of a kernel that killed something, which name the task or its container. */
const journal = (ids: readonly string[]): string[] => [
  ...["journalctl", "--quiet", "--no-pager", "--output=cat", "--since=-15min", "--lines=30"],
  `--grep=${[...ids, "oom-kill", "Out of memory", "no space left"].join("|")}`,
  ...["_SYSTEMD_UNIT=docker.service", "+", "_TRANSPORT=kernel"],
];

/** The host of a node of the swarm, by the label that it has there. */
async function hostOf({ manager, nodes }: Cluster, nodeId: string): Promise<Host> {
  const label = `{{index .Spec.Labels "hypha.${pulumi.getStack()}.host"}}`;
  const { output, code } = await dockerCommand(manager.channel, [
    "node",
    "inspect",
    "--format",
    label,
    nodeId,
  ]);
  return (code === 0 ? nodes[output.trim()]?.host : undefined) ?? manager;
}

/** What the engine says where a service of that name is there already. */
const exists = /name conflicts with an existing object: service/;

/**
 * Says why a service did not come up: of the task that failed its state and error, its last health checks, its last log
 * lines, and what its host's journal has of it. Runs in the program when Pulumi reports the service's creation or update
 * as failed. One that is there although the state does not have it (an `up` or `destroy` was cut off) is removed, and
 * made anew: only then is the operation tried again, once.
 */
export function onServiceError(cluster: Cluster, service: string, stopSeconds: number): pulumi.ErrorHook {
  const { manager } = cluster;
  return new pulumi.ErrorHook(`explain-${service}`, async ({ failedOperation, errors }) => {
    if (failedOperation === "create" && errors.filter((error) => exists.test(error)).length === 1) {
      await pulumi.log.warn(
        `${service} is there, left by a run that was cut off: it is removed, and made anew`,
      );
      const { output, code } = await removeNow(cluster, service, stopSeconds);
      if (code !== 0) {
        await pulumi.log.error(`${service} on ${manager.name} cannot be removed: ${output.trim()}`);
      }
      return code === 0;
    }
    const ask = (...args: string[]) => dockerCommand(manager.channel, args);
    const tasks = await ask("service", "ps", "--no-trunc", "--format", "{{json .}}", service);
    const task = failedTask(tasks.output, errors.join("\n"));
    if (task === undefined) {
      // A service that never came up is removed again by the provider, which shows its log itself.
      if (failedOperation !== "create") {
        await pulumi.log.error(`${service} on ${manager.name}: no failed task is left to show`);
      }
      return false;
    }
    const [logs, place] = await Promise.all([
      ask("service", "logs", "--raw", "--tail", "20", task.id),
      ask("inspect", "--type", "task", "--format", whereabouts, task.id),
    ]);
    const [nodeId = "", container = ""] = place.code === 0 ? place.output.trim().split(" ") : [];
    const host = nodeId === "" ? manager : await hostOf(cluster, nodeId);
    const nothing = { code: 1, output: "" };
    const [state, said] = await Promise.all([
      container === ""
        ? nothing
        : dockerCommand(host.channel, ["inspect", "--format", "{{json .State}}", container]),
      hostCommand(host.channel, journal([task.id, ...(container === "" ? [] : [container])])),
    ]);
    const evidence = { state: state.output, logs: logs.output, journal: said.code === 0 ? said.output : "" };
    await pulumi.log.error(renderEvidence({ service, host: host.name, task, ...evidence }));
    return false;
  });
}
