import * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "../host/dockerCommand";
import { hostScript, scriptText } from "../shell/hostScript";
import { shellAssign } from "../shell/quote";
import { Cluster } from "./cluster";

// Services are removed by a script, not by Pulumi's provider. That one removes a service first and then waits for its
// containers for exactly as long as the engine lets them: one that takes all of its time to end (it ignores the signal, or
// clients hold on to it) is an error, and "service not found" ever after (resource_docker_service_funcs.go, deleteService).

const script = "swarm/scripts/removal.sh";

/** What is removed: a service by its name, or all sets of a workload. */
export type Removed = { service: string } | { workload: string };

function variables(cluster: Cluster, removed: Removed, stopSeconds: number): Record<string, string> {
  return {
    ...cluster.managerVariables,
    SERVICE: "service" in removed ? removed.service : "",
    WORKLOAD: "workload" in removed ? removed.workload : "",
    STOP_SECONDS: String(stopSeconds),
  };
}

/**
 * Removes services when it goes itself, and before they are made anew on another network. Made before the services, and
 * after what they use: that can go then.
 */
export function removal(
  name: string,
  cluster: Cluster,
  removed: Removed,
  stopSeconds: number,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return hostScript(
    name,
    {
      channel: cluster.manager.channel,
      script,
      variables: variables(cluster, removed, stopSeconds),
      undo: "only",
      triggers: [cluster.networkId],
    },
    opts,
  );
}

/** Removes a service of the stack at once, from within the program; whether it is gone, and what was said. */
export function removeNow(cluster: Cluster, service: string, stopSeconds: number) {
  const text = `${shellAssign(variables(cluster, { service }, stopSeconds))}${scriptText([script])}`;
  return hostCommand(cluster.manager.channel, ["bash", "-c", text, "bash", "down"], stopSeconds + 60);
}
