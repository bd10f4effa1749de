import * as pulumi from "@pulumi/pulumi";
import { hostScript } from "../shell/hostScript";
import { Cluster } from "./cluster";
import { stackLabels } from "./naming";

// A set is a version of a workload as a service of its own. Pulumi makes each and removes none: its own way to replace
// keeps an old one only until the first `up` that fails elsewhere, and that one may be who serves.

/** Labels of a workload's sets, by which they are found. */
export const setLabels = (workload: string) => [
  ...stackLabels(),
  { label: "hypha.workload", value: workload },
];

/** Has the swarm's manager remove the sets of a workload beside the live one, by its service's name. */
export function removeOtherSets(
  name: string,
  cluster: Cluster,
  { workload, live }: { workload: string; live: pulumi.Input<string> },
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return hostScript(
    name,
    {
      channel: cluster.manager.channel,
      script: "swarm/scripts/sets.sh",
      variables: { ...cluster.managerVariables, WORKLOAD: workload, LIVE: live },
    },
    opts,
  );
}
