import * as pulumi from "@pulumi/pulumi";
import { ImagesConfig, Source } from "../config/schema";
import { Host } from "../host/host";
import { PulledImage } from "./pulledImage";
import { AppFiles, Image, ServiceImage } from "./serviceImage";

export interface SourcedImageArgs {
  source: Source;
  /** A version that the engines have already, taken as it is. @default the hash of its content */
  tag?: string;
  /** Name of a directory below `images/`, for what is no image yet. */
  image: string;
  /** Directory below `lab/apps/` with the sample, and what the image is called. @default image */
  application?: string;
  /** Debian packages that the sample and the real application need to run. */
  packages: { sample: string[]; real: string[] };
  images: ImagesConfig;
  host: Host;
  nodes: Host[];
}

function appFiles(application: string, source: Exclude<Source, { kind: "image" }>): AppFiles {
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
export function sourcedImage(
  name: string,
  args: SourcedImageArgs,
  opts: pulumi.ComponentResourceOptions,
): Image {
  const { source, tag, image, application = image, packages, images, host, nodes } = args;
  if (source.kind === "image") {
    return new PulledImage(name, { reference: source.reference, nodes }, opts);
  }
  return new ServiceImage(
    name,
    {
      image,
      repository: application,
      tag,
      app: appFiles(application, source),
      packages: packages[source.kind === "sample" ? "sample" : "real"],
      ...images,
      host,
      nodes,
    },
    opts,
  );
}
