import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { sshDestination } from "../host/channel";
import { Host } from "../host/host";
import { expandHome } from "../shell/home";
import { hostScript } from "../shell/hostScript";
import { stackName } from "../swarm/naming";
import { contentTag, contextFiles } from "./context";

/** An image that a workload can run, present on its host. */
export interface Image extends pulumi.Resource {
  /** Name and tag or digest, known at preview. */
  readonly reference: string;
  /** The image's id on the host's engine, `sha256:…`. */
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
  /** @default none */
  app?: AppFiles;
  /** What the image is built on. */
  base: string;
  /** Debian packages that the application needs to run. @default none */
  packages?: string[];
  /** Whose engine builds: this machine's, which then sends the image by SSH, or the host's own. */
  buildOn: "local" | "target";
  /** The host that must end up with the image. */
  host: Host;
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

/**
 * An image made of a directory below `images/`, present on the host's engine after `up`. Its tag is a hash of its
 * content, so it is built once for each content and a preview shows a real change only. `destroy` removes every
 * version of it from both engines.
 */
export class ServiceImage extends pulumi.ComponentResource implements Image {
  readonly reference: string;
  readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: ServiceImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:images:ServiceImage", name, {}, opts);
    const { app } = args;
    const directory = path.join("images", args.image);
    const files = contextFiles(
      path.join(projectRoot, directory),
      app?.kind === "directory" ? path.resolve(projectRoot, expandHome(app.directory)) : undefined,
    );
    const buildArgs: Record<string, string> = { BASE: args.base, PACKAGES: (args.packages ?? []).join(" ") };
    const repository = `${stackName("images")}/${args.image}`;
    const fetched = app?.kind === "directory" ? {} : appVariables(app);
    this.reference = `${repository}:${contentTag(files, { ...buildArgs, ...fetched })}`;
    const { channel } = args.host;
    const build = hostScript(
      `${name}-build`,
      {
        // It runs beside Pulumi, whichever engine builds: that is where the context is.
        channel: { kind: "local", socket: "" },
        script: "images/scripts/image.sh",
        variables: {
          HOST_NAME: args.host.name,
          REFERENCE: this.reference,
          CONTEXT: directory,
          ...appVariables(app),
          BUILD_ARGS: Object.entries(buildArgs)
            .map(([key, value]) => `${key}=${value}`)
            .join("\n"),
          BASE: args.base,
          BUILD_ON: args.buildOn,
          TARGET: channel.kind === "ssh" ? sshDestination(channel.endpoint).join("\n") : "",
        },
        undo: true,
      },
      { parent: this, dependsOn: args.host.ready },
    );
    this.imageId = build.stdout;
    this.registerOutputs({ reference: this.reference, imageId: this.imageId });
  }
}
