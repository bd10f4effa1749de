import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { hostScript } from "../shell/hostScript";
import { Channel, dockerHost } from "./channel";
import { HostFacts } from "./facts";
import { Host, parseFacts } from "./host";

export interface LocalEngineArgs {
  /** Path of the engine's Unix socket. @default "/var/run/docker.sock" */
  socket: string;
  /** TCP ports that must be free, or already held by the engine. */
  ports: number[];
}

/**
 * The Docker engine of the machine that runs Pulumi. After `up` it was seen to answer and its ports to be free;
 * nothing on the machine is changed, and `destroy` removes nothing.
 */
export class LocalEngine extends pulumi.ComponentResource implements Host {
  readonly name: string;
  readonly channel: Channel;
  readonly provider: docker.Provider;
  readonly facts: pulumi.Output<HostFacts>;
  readonly ready: pulumi.Resource;

  constructor(name: string, args: LocalEngineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:host:LocalEngine", name, {}, opts);
    this.name = name;
    this.channel = { kind: "local", socket: args.socket };
    const preflight = hostScript(
      `${name}-preflight`,
      {
        channel: this.channel,
        libraries: ["host/scripts/measure.sh"],
        script: "host/scripts/local.sh",
        variables: { HOST_NAME: name, DOCKER_HOST: dockerHost(this.channel), PORTS: args.ports.join(" ") },
      },
      { parent: this },
    );
    this.ready = preflight;
    this.facts = parseFacts(this, name, preflight.stdout);
    this.provider = new docker.Provider(
      `${name}-docker`,
      { host: dockerHost(this.channel) },
      { parent: this, dependsOn: preflight },
    );
    this.registerOutputs({ facts: this.facts });
  }
}
