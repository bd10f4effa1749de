import { createHash } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { stackName } from "./naming";

export interface ImmutableFileArgs {
  /** What the file holds. */
  content: pulumi.Input<string>;
}

/** Where a workload sees a file. */
export interface FileMount {
  /** Absolute path in the container. */
  path: string;
  /** Owner; the file is readable to it and nobody else. */
  uid: number;
}

/**
 * The name of a Swarm secret or config, which cannot be changed in place: new with every content, so that the new
 * one is made before the old one goes. Random rather than the content's hash, or going back to content whose old
 * object is still waiting to be deleted would meet it.
 */
export function immutableName(
  name: string,
  content: pulumi.Output<string>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const digest = content.apply((text) => createHash("sha256").update(text).digest("hex"));
  const version = new random.RandomId(
    `${name}-version`,
    { byteLength: 4, keepers: { content: digest } },
    { parent },
  );
  return pulumi.unsecret(version.hex).apply((hex) => `${stackName(name)}-${hex}`);
}
