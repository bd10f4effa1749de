import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { hostScript } from "../shell/hostScript";
import { Image, nodeVariables } from "./serviceImage";

export interface PulledImageArgs {
  /** Name and digest, `name@sha256:…`: what runs cannot change behind the deployment's back. */
  reference: string;
  /** Every host that must end up with the image; at least one. */
  nodes: Host[];
}

/**
 * An image from a registry, present on every node's engine after `up`: each pulls it by its digest, by itself and as
 * its own account's `docker login` lets it. `destroy` leaves it there.
 */
export class PulledImage extends pulumi.ComponentResource implements Image {
  readonly reference: string;
  readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: PulledImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:images:PulledImage", name, {}, opts);
    this.reference = args.reference;
    const pull = hostScript(
      `${name}-pull`,
      {
        // It runs beside Pulumi, which sees to all nodes at once.
        channel: { kind: "local", socket: "" },
        libraries: ["images/scripts/engines.sh"],
        script: "images/scripts/pull.sh",
        variables: { HOST_NAME: name, REFERENCE: this.reference, ...nodeVariables(args.nodes) },
      },
      { parent: this, dependsOn: args.nodes.map(({ ready }) => ready) },
    );
    this.imageId = pull.stdout;
    this.registerOutputs({ reference: this.reference, imageId: this.imageId });
  }
}
