import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { EnvironmentKind } from "../config/environment";
import { HardeningConfig } from "../config/hardening";
import { hostScript } from "../shell/hostScript";
import { Channel, dockerHost, ensureControlDirectory, SshEndpoint, sshOptions } from "./channel";
import { explainContact } from "./contact";
import { HostFacts } from "./facts";
import { Hardening } from "./hardening";
import { Host, parseFacts } from "./host";

/** Sizes a host must have. */
export interface HostSize {
  cpus: number;
  /** MiB of memory. */
  memoryMiB: number;
  /** GiB free where the engine keeps its data. */
  diskGiB: number;
}

export interface VpsArgs {
  /** First contact: root, or an account with passwordless sudo. */
  endpoint: SshEndpoint;
  /** Account made on the host that everything after preparation uses; it is in the `docker` group. */
  deployUser: string;
  /** Where the engine comes from: the distribution, Docker's own repository, or it is there already. */
  engine: "distribution" | "docker" | "present";
  /** Below this the deployment is refused. */
  minimum: HostSize;
  /** Below this it goes on with a warning. */
  recommended: HostSize;
  /** TCP ports that must be free, or already held by the engine. */
  ports: number[];
  /** Addresses of the fleet's other hosts, IPv4 or IPv6, which alone reach the swarm's ports. @default none */
  fleet?: string[];
  /** Whether its kernel must be able to encrypt what services say to other hosts. @default false */
  encrypted?: boolean;
  /** Where it runs. @default what the server shows */
  environment?: EnvironmentKind;
  /** What must be there before the first contact. @default nothing */
  after?: pulumi.Resource[];
  /** @default none: the server's own settings stay */
  hardening?: HardeningConfig;
}

function sizeVariables(prefix: string, size: HostSize): Record<string, string> {
  return {
    [`${prefix}_CPUS`]: String(size.cpus),
    [`${prefix}_MEMORY_MIB`]: String(size.memoryMiB),
    [`${prefix}_DISK_MIB`]: String(size.diskGiB * 1024),
  };
}

/**
 * A server reached by SSH with a pinned host key. After `up` it has passed the preflight (operating system,
 * architecture, root, clock, sizes, ports), has the deploy account and a running Docker engine, and the measures of
 * `hardening` where it is given. `destroy` takes these back, and leaves the account and the engine where they are.
 */
export class Vps extends pulumi.ComponentResource implements Host {
  readonly name: string;
  readonly channel: Channel;
  /** The login of the first contact, for scripts that need root. */
  readonly root: SshEndpoint;
  readonly facts: pulumi.Output<HostFacts>;
  readonly ready: pulumi.Resource;
  private ownProvider?: docker.Provider;

  constructor(name: string, args: VpsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:host:Vps", name, {}, opts);
    this.name = name;
    ensureControlDirectory();
    const firstContact: Channel = { kind: "ssh", endpoint: args.endpoint };
    this.root = args.endpoint;
    const deployEndpoint = { ...args.endpoint, user: args.deployUser };
    this.channel = { kind: "ssh", endpoint: deployEndpoint };

    const preflight = hostScript(
      `${name}-preflight`,
      {
        channel: firstContact,
        root: true,
        libraries: ["host/scripts/measure.sh"],
        script: "host/scripts/preflight.sh",
        variables: {
          HOST_NAME: name,
          ENGINE: args.engine,
          PORTS: args.ports.join(" "),
          ...(args.encrypted === true ? { ENCRYPTED: "yes" } : {}),
          ...sizeVariables("MINIMUM", args.minimum),
          ...sizeVariables("RECOMMENDED", args.recommended),
        },
      },
      { parent: this, dependsOn: args.after, hooks: { onError: [explainContact(name, args.endpoint)] } },
    );
    const prepare = hostScript(
      `${name}-prepare`,
      {
        channel: firstContact,
        root: true,
        script: "host/scripts/prepare.sh",
        variables: { HOST_NAME: name, ENGINE: args.engine, DEPLOY_USER: args.deployUser },
      },
      { parent: this, dependsOn: preflight },
    );
    this.facts = parseFacts(this, name, preflight.stdout, args.environment);
    this.ready = prepare;
    if (args.hardening !== undefined) {
      const hardening = new Hardening(
        `${name}-hardening`,
        {
          host: name,
          endpoint: args.endpoint,
          ports: args.ports,
          fleet: args.fleet ?? [],
          memoryMiB: this.facts.memoryMiB,
          config: args.hardening,
        },
        { parent: this, dependsOn: prepare },
      );
      this.ready = hardening.confirmed;
    }
    this.registerOutputs({ facts: this.facts });
  }

  /** Each is a process of its own: most hosts of a fleet are spoken to through the manager, and have none. */
  get provider(): docker.Provider {
    this.ownProvider ??= new docker.Provider(
      `${this.name}-docker`,
      { host: dockerHost(this.channel), sshOpts: sshOptions(this.root) },
      { parent: this, dependsOn: this.ready },
    );
    return this.ownProvider;
  }
}
