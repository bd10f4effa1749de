import * as pulumi from "@pulumi/pulumi";
import { ImagesConfig, Source } from "../config/schema";
import { Host } from "../host/host";
import { PulledImage } from "../images/pulledImage";
import { AppFiles, Image, ServiceImage } from "../images/serviceImage";

/** What the chat's three applications have in common. */
export interface ApplicationArgs {
  image: Image;
  replicas: number;
  /** Not for secrets. */
  env: Record<string, string>;
  /** Memory limit in MiB. @default the component's */
  memoryMiB?: number;
  cpus?: number;
}

/** The applications of the chat, by the name of their image. */
export type Application = "bridge" | "gateway" | "frontend";

/** Debian packages that the sample and the real application need to run. */
const packages: Record<Application, { sample: string[]; real: string[] }> = {
  bridge: { sample: ["python3"], real: ["libssl3", "ca-certificates"] },
  gateway: { sample: ["python3", "python3-psycopg2"], real: ["libssl3", "ca-certificates"] },
  frontend: { sample: [], real: [] },
};

function appFiles(application: Application, source: Exclude<Source, { kind: "image" }>): AppFiles {
  switch (source.kind) {
    case "sample":
      return { kind: "directory", directory: `lab/apps/${application}` };
    case "artifacts":
      return source.path === undefined
        ? { kind: "url", url: source.url ?? "", sha256: source.sha256 ?? "" }
        : { kind: "directory", directory: source.path };
    case "git":
      return { kind: "git", url: source.url, ref: source.ref, build: source.build, output: source.output };
  }
}

/** The image of an application, from where its source says. */
export function applicationImage(
  name: string,
  application: Application,
  args: { source: Source; tag?: string; images: ImagesConfig; host: Host; nodes: Host[] },
  opts: pulumi.ComponentResourceOptions,
): Image {
  const { source, tag, images, host, nodes } = args;
  if (source.kind === "image") {
    return new PulledImage(name, { reference: source.reference, nodes }, opts);
  }
  return new ServiceImage(
    name,
    {
      image: application,
      tag,
      app: appFiles(application, source),
      packages: packages[application][source.kind === "sample" ? "sample" : "real"],
      ...images,
      host,
      nodes,
    },
    opts,
  );
}
