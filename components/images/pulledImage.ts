import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { Image } from "./serviceImage";

export interface PulledImageArgs {
  /** Name and digest, `name@sha256:…`: what runs cannot change behind the deployment's back. */
  reference: string;
  /** The host that must end up with the image. */
  host: Host;
}

/** An image from a registry, present on the host's engine after `up`. `destroy` leaves it there. */
export class PulledImage extends pulumi.ComponentResource implements Image {
  readonly reference: string;
  readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: PulledImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:images:PulledImage", name, {}, opts);
    this.reference = args.reference;
    const pulled = new docker.RemoteImage(
      `${name}-pull`,
      { name: args.reference, keepLocally: true },
      { parent: this, provider: args.host.provider, dependsOn: args.host.ready },
    );
    this.imageId = pulled.imageId;
    this.registerOutputs({ reference: this.reference, imageId: this.imageId });
  }
}
