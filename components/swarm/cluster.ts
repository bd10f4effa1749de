import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { hostScript } from "../shell/hostScript";
import { stackLabels, stackName } from "./naming";

/** What a node is for; workloads are placed by it. */
export type NodeRole = "manager" | "data" | "edge" | "app";

export interface ClusterArgs {
  /** The manager, whose Docker API the stack's services go to. */
  manager: Host;
  /** What the manager is for besides. */
  roles: NodeRole[];
}

/** The placement constraint of a role on this stack's nodes. */
export function roleConstraint(role: NodeRole): string {
  return `node.labels.${roleLabel(role)}==true`;
}

function roleLabel(role: NodeRole): string {
  return `hypha.${pulumi.getStack()}.${role}`;
}

/**
 * A Docker swarm of one manager and the stack's overlay network in it. `destroy` removes the network and the node's
 * labels, and leaves the swarm where Hypha made it and nothing else runs in it.
 */
export class Cluster extends pulumi.ComponentResource {
  readonly provider: docker.Provider;
  readonly manager: Host;
  /** Overlay network that the stack's services meet on. */
  readonly networkId: pulumi.Output<string>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:swarm:Cluster", name, {}, opts);
    this.manager = args.manager;
    this.provider = args.manager.provider;
    const init = hostScript(
      `${name}-init`,
      {
        channel: args.manager.channel,
        script: "swarm/scripts/cluster.sh",
        variables: {
          HOST_NAME: args.manager.name,
          ADVERTISE_ADDRESS: args.manager.facts.address,
          NODE_LABELS: [...args.roles]
            .sort()
            .map((role) => `${roleLabel(role)}=true`)
            .join(" "),
        },
        undo: true,
      },
      { parent: this, dependsOn: args.manager.ready },
    );
    const network = new docker.Network(
      `${name}-network`,
      { name: stackName("network"), driver: "overlay", labels: stackLabels() },
      { parent: this, provider: this.provider, dependsOn: init },
    );
    this.networkId = network.id;
    this.registerOutputs({ networkId: this.networkId });
  }
}
