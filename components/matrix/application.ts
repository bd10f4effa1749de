import * as pulumi from "@pulumi/pulumi";
import { ImagesConfig, Source, Strategy } from "../config/schema";
import { Host } from "../host/host";
import { Image } from "../images/serviceImage";
import { sourcedImage } from "../images/sourcedImage";

/** What the chat's three applications have in common. */
export interface ApplicationArgs {
  image: Image;
  replicas: number;
  /** Not for secrets. */
  env: Record<string, string>;
  /** Memory limit in MiB. @default the component's */
  memoryMiB?: number;
  cpus?: number;
  /** How a new version takes over. @default rolling */
  strategy?: Strategy;
}

/** The applications of the chat, by the name of their image. */
export type Application = "bridge" | "gateway" | "frontend";

/** Debian packages that the sample and the real application need to run. */
const packages: Record<Application, { sample: string[]; real: string[] }> = {
  bridge: { sample: ["python3"], real: ["libssl3", "ca-certificates"] },
  gateway: { sample: ["python3", "python3-psycopg2"], real: ["libssl3", "ca-certificates"] },
  frontend: { sample: [], real: [] },
};

/** The image of an application, from where its source says. */
export function applicationImage(
  name: string,
  application: Application,
  args: { source: Source; tag?: string; images: ImagesConfig; host: Host; nodes: Host[] },
  opts: pulumi.ComponentResourceOptions,
): Image {
  return sourcedImage(name, { image: application, packages: packages[application], ...args }, opts);
}
