import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient } from "../host/access";
import { engineVariable, hostAccess } from "../host/channel";
import { Host } from "../host/host";
import { hostScript } from "../shell/hostScript";
import { Target } from "./metrics";
import { stackLabels, stackName } from "./naming";

/** What a node is for; workloads are placed by it. */
export type NodeRole = "manager" | "data" | "edge" | "app" | "observe";

/** A host in the swarm. */
export interface ClusterNode {
  host: Host;
  roles: NodeRole[];
  /** IPv4 or IPv6 address that the other nodes reach it by. */
  address: pulumi.Input<string>;
}

export interface ClusterArgs {
  /** The nodes by their hosts' names. One of them, and one only, has the role data. */
  nodes: Readonly<Record<string, ClusterNode>>;
  /** The manager that starts the swarm and whose Docker API the stack's services go to; a key of `nodes`. */
  first: string;
  /** Encrypt what the services say to each other between nodes (IPsec). Changed, it makes every service anew. @default false */
  encrypted?: boolean;
  /** Hosts whose data the stack gives up when they leave, or when the role data goes elsewhere. @default none */
  abandonDataOn?: string[];
}

/** The placement constraint of a role on this stack's nodes. */
export function roleConstraint(role: NodeRole): string {
  return `node.labels.${labelPrefix()}${role}==true`;
}

/** The placement constraint of one host, by its name. */
export function hostConstraint(hostName: string): string {
  return `node.labels.${labelPrefix()}host==${hostName}`;
}

function labelPrefix(): string {
  return `hypha.${pulumi.getStack()}.`;
}

/**
 * The stack's hosts as one Docker swarm, labelled by their roles, and the stack's overlay network in it. A host that
 * is removed is drained and leaves; it is refused while it holds the stack's data. `destroy` removes the network,
 * takes every node out that Hypha had brought in, and ends the swarm where nothing else runs in it.
 */
export class Cluster extends pulumi.ComponentResource {
  readonly provider: docker.Provider;
  readonly manager: Host;
  readonly nodes: Readonly<Record<string, ClusterNode>>;
  /** Overlay network that the stack's services meet on. */
  readonly network: pulumi.Resource;
  readonly networkId: pulumi.Output<string>;
  /** Wait for this: the swarm is there. */
  readonly started: pulumi.Resource;
  /** What every workload tells of itself, or why it does not, in the order that they are made. */
  readonly targets: Target[] = [];
  private readonly joined: Record<string, pulumi.Resource> = {};

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:swarm:Cluster", name, {}, opts);
    const { [args.first]: first, ...others } = args.nodes;
    if (first === undefined) {
      throw new pulumi.RunError(
        `${name}: ${args.first} is none of its nodes; fix: name one of them as the first`,
      );
    }
    this.manager = first.host;
    this.provider = first.host.provider;
    this.nodes = args.nodes;

    const node = (hostName: string, { host, roles, address }: ClusterNode, after: pulumi.Resource[]) => {
      this.joined[hostName] = hostScript(
        `${name}-node-${hostName}`,
        {
          // It runs beside Pulumi, which alone reaches both the host and the manager.
          channel: { kind: "local", socket: "" },
          script: "swarm/scripts/node.sh",
          variables: {
            HOST_NAME: hostName,
            STACK: pulumi.getStack(),
            FIRST: hostName === args.first ? "yes" : "no",
            NODE: dockerClient(hostAccess(host.channel)).join("\n"),
            MANAGER: dockerClient(hostAccess(first.host.channel)).join("\n"),
            ADDRESS: address,
            MANAGER_ADDRESS: first.address,
            JOIN_AS: roles.includes("manager") ? "manager" : "worker",
            LABEL_PREFIX: labelPrefix(),
            LABELS: [`host=${hostName}`, ...roles.map((role) => `${role}=true`)]
              .map((label) => `${labelPrefix()}${label}`)
              .sort()
              .join(" "),
            ABANDONED: [...(args.abandonDataOn ?? [])].sort().join(" "),
          },
          undo: true,
        },
        { parent: this, dependsOn: [host.ready, ...after] },
      );
      return this.joined[hostName];
    };
    this.started = node(args.first, first, []);
    for (const [hostName, other] of Object.entries(others)) {
      node(hostName, other, [this.started]);
    }

    // Docker adds to the options, which would make the network anew at every `up`: they are not compared. Instead the other
    // kind has another name; it is there before the services move to it, and the old one goes after them.
    const network = new docker.Network(
      `${name}-network`,
      {
        name: stackName(args.encrypted ? "network-encrypted" : "network"),
        driver: "overlay",
        options: args.encrypted ? { encrypted: "" } : undefined,
        labels: stackLabels(),
      },
      {
        parent: this,
        provider: this.provider,
        dependsOn: this.started,
        ignoreChanges: ["options"],
        deleteBeforeReplace: false,
      },
    );
    this.network = network;
    this.networkId = network.id;
    this.registerOutputs({ networkId: this.networkId });
  }

  /** The hosts that workloads of a role run on, in the order of their names. */
  hostsWith(role: NodeRole): Host[] {
    return this.namesWith(role).map((hostName) => this.nodes[hostName]?.host ?? this.manager);
  }

  /** What a workload of a role waits for: its nodes are in the swarm. */
  nodesWith(role: NodeRole): pulumi.Resource[] {
    return this.namesWith(role).map((hostName) => this.joined[hostName] ?? this.started);
  }

  /** What a workload of one host waits for: it is in the swarm. */
  node(hostName: string): pulumi.Resource {
    return this.joined[hostName] ?? this.started;
  }

  /** The one host that has the stack's data. */
  get dataHost(): Host {
    return this.hostsWith("data")[0] ?? this.manager;
  }

  /** Variables of a script that asks the manager's engine about the stack. */
  get managerVariables(): Record<string, string> {
    const { name, channel } = this.manager;
    return { HOST_NAME: name, ...engineVariable(channel), STACK: pulumi.getStack() };
  }

  private namesWith(role: NodeRole): string[] {
    return Object.keys(this.nodes)
      .filter((hostName) => this.nodes[hostName]?.roles.includes(role))
      .sort();
  }
}
