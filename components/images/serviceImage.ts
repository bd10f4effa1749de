import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { dockerHost, sshDestination } from "../host/channel";
import { Host } from "../host/host";
import { expandHome } from "../shell/home";
import { hostScript } from "../shell/hostScript";
import { stackName } from "../swarm/naming";
import { contentTag, contextFiles } from "./context";

/** An image that a workload can run, present on every host that may run it. */
export interface Image extends pulumi.Resource {
  /** Name and tag or digest, known at preview. */
  readonly reference: string;
  /** The image's id on the hosts' engines, `sha256:…`. */
  readonly imageId: pulumi.Output<string>;
}

/**
 * Files of an application, which stand under `app/` in the build context: a directory here; or a `.tar.gz` from a
 * URL, checked against its SHA-256; or what a command leaves in the directory `output` of a git checkout, built here.
 */
export type AppFiles =
  | { kind: "directory"; directory: string }
  | { kind: "url"; url: string; sha256: string }
  | { kind: "git"; url: string; ref: string; build: string; output: string };

export interface ServiceImageArgs {
  /** Name of a directory below `images/`. */
  image: string;
  /**
   * A version that the engines have already. It is used as it is: nothing is built, and no file is looked at.
   * @default the hash of its content
   */
  tag?: string;
  /** What the image is called, where one directory makes several. @default image */
  repository?: string;
  /** @default none */
  app?: AppFiles;
  /** What the image is built on. */
  base: string;
  /** Debian packages that the application needs to run. @default none */
  packages?: string[];
  /** Whose engine builds: this machine's, which then sends the image by SSH, or `host`'s. */
  buildOn: "local" | "target";
  /** A manager of the swarm: it knows what services use, and it is who builds with `buildOn: "target"`. */
  host: Host;
  /** Every host that must end up with the image; at least one. */
  nodes: Host[];
  /** Versions of the image that stay on an engine, the one to come among them; two at least. Those in use stay too. */
  keep: number;
}

/** The engine of a host as the scripts take it: its name, and after a tab each what `ssh` needs to get there. */
function engineOf({ name, channel }: Host): string {
  return [name, ...(channel.kind === "ssh" ? sshDestination(channel.endpoint) : [])].join("\t");
}

/** Variables that tell the scripts every engine that must end up with an image, whatever order they come in. */
export function nodeVariables(nodes: readonly Host[]): Record<string, string> {
  const local = nodes.map(({ channel }) => channel).find(({ kind }) => kind === "local");
  return {
    NODES: [...nodes].map(engineOf).sort().join("\n"),
    ...(local === undefined ? {} : { DOCKER_HOST: dockerHost(local) }),
  };
}

const projectRoot = path.join(__dirname, "..", "..");

/** Variables that tell the build script where the application's files are. */
function appVariables(app: AppFiles | undefined): Record<string, string> {
  switch (app?.kind) {
    case undefined:
      return {};
    case "directory":
      return { APP: app.directory };
    case "url":
      return { APP_URL: app.url, APP_SHA256: app.sha256 };
    case "git":
      return {
        APP_GIT_URL: app.url,
        APP_GIT_REF: app.ref,
        APP_GIT_BUILD: app.build,
        APP_GIT_OUTPUT: app.output,
      };
  }
}

/** The tag of what an image is made of, and the variables that tell the build script where that is. */
function contentOf({ image, app, base, packages = [] }: ServiceImageArgs): {
  tag: string;
  variables: Record<string, string>;
} {
  const directory = path.join("images", image);
  const files = contextFiles(
    path.join(projectRoot, directory),
    app?.kind === "directory" ? path.resolve(projectRoot, expandHome(app.directory)) : undefined,
  );
  const buildArgs: Record<string, string> = { BASE: base, PACKAGES: packages.join(" ") };
  const fetched = app?.kind === "directory" ? {} : appVariables(app);
  return {
    tag: contentTag(files, { ...buildArgs, ...fetched }),
    variables: {
      CONTEXT: directory,
      ...appVariables(app),
      BUILD_ARGS: Object.entries(buildArgs)
        .map(([key, value]) => `${key}=${value}`)
        .join("\n"),
      BASE: base,
    },
  };
}

/**
 * An image made of a directory below `images/`, present on every node's engine after `up`, under one id. Its tag is a
 * hash of its content, so it is built once for each content and a preview shows a real change only. A node gets the
 * layers that it lacks; old versions go first. `destroy` removes every version of it from all these engines.
 */
export class ServiceImage extends pulumi.ComponentResource implements Image {
  readonly reference: string;
  readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: ServiceImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:images:ServiceImage", name, {}, opts);
    const { tag, variables } = args.tag === undefined ? contentOf(args) : { tag: args.tag, variables: {} };
    this.reference = `${stackName("images")}/${args.repository ?? args.image}:${tag}`;
    const build = hostScript(
      `${name}-build`,
      {
        // It runs beside Pulumi, whichever engine builds: that is where the context is.
        channel: { kind: "local", socket: "" },
        libraries: ["engines", "prune", "send"].map((library) => `images/scripts/${library}.sh`),
        script: "images/scripts/image.sh",
        variables: {
          HOST_NAME: args.host.name,
          REFERENCE: this.reference,
          ...variables,
          BUILD_ON: args.buildOn,
          HOST: engineOf(args.host),
          ...nodeVariables(args.nodes),
          KEEP: String(args.keep),
        },
        undo: true,
      },
      { parent: this, dependsOn: [args.host, ...args.nodes].map(({ ready }) => ready) },
    );
    this.imageId = build.stdout;
    this.registerOutputs({ reference: this.reference, imageId: this.imageId });
  }
}
