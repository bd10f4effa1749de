import * as pulumi from "@pulumi/pulumi";
import { dockerCommand } from "../host/dockerCommand";
import { Host } from "../host/host";
import { parseTasks, Task } from "./tasks";

/** The newest task that ended badly, from the lines of `docker service ps --format '{{json .}}'`, newest first. */
export function failedTask(lines: string): Task | undefined {
  return parseTasks(lines).find(({ error, state }) => error !== "" || /^(Failed|Rejected)/.test(state));
}

/**
 * Says why a service did not come up: state, error and last log lines of the task that failed. Runs in the program
 * when Pulumi reports the service's creation or update as failed; it never tries again.
 */
export function explainFailure(manager: Host, service: string): pulumi.ErrorHook {
  return new pulumi.ErrorHook(`explain-${service}`, async ({ failedOperation }) => {
    const run = (args: string[]) => dockerCommand(manager.channel, args);
    const tasks = await run(["service", "ps", "--no-trunc", "--format", "{{json .}}", service]);
    const task = failedTask(tasks.output);
    if (task === undefined) {
      // A service that never came up is removed again by the provider, which shows its log itself.
      if (failedOperation !== "create") {
        await pulumi.log.error(`${service} on ${manager.name}: no failed task is left to show`);
      }
      return false;
    }
    const logs = await run(["service", "logs", "--raw", "--tail", "20", task.id]);
    const last = logs.output.trim() || "(it logged nothing)";
    await pulumi.log.error(
      `${service} on ${manager.name}: ${task.name} ${task.state}: ${task.error}\nlast log lines:\n${last}`,
    );
    return false;
  });
}
