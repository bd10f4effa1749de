import * as fs from "fs";
import * as path from "path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Channel, remoteConnection } from "../host/channel";
import { shellAssign } from "./quote";

export interface HostScriptArgs {
  /** Where it runs. */
  channel: Channel;
  /**
   * A `.sh` file below `components/`. It is sent on standard input to `bash -s -- up`, so neither it nor its
   * variables appear in the process list. It must be idempotent: it runs again whenever it or a variable changes.
   */
  script: string;
  /** Files of functions below `components/` that the script uses; they are sent before it. @default [] */
  libraries?: string[];
  /** Variables exported before the script's first line. One secret among them makes the whole input a secret. */
  variables?: Record<string, pulumi.Input<string>>;
  /** Run the script with `down` when the resource goes; with `only` that is all it is for. @default false */
  undo?: boolean | "only";
  /** With another one of these the resource goes first and is made anew, instead of running `up` once more. */
  triggers?: pulumi.Input<string>[];
  /** It needs root: any other login goes through sudo, without a password. @default false */
  root?: boolean;
}

const root = path.join(__dirname, "..");

/** Text of scripts below `components/`, after what every script has. */
export function scriptText(files: readonly string[]): string {
  return ["shell/lib.sh", "shell/facts.sh", ...files]
    .map((file) => fs.readFileSync(path.join(root, file), "utf8"))
    .join("");
}

/**
 * Runs a script on a host: by SSH, or on this machine for the local engine. After `up` it has run with exit code 0;
 * what it printed on standard output is `stdout`. `destroy` runs its `down` verb where `undo` says so.
 */
export function hostScript(
  name: string,
  args: HostScriptArgs,
  opts: pulumi.CustomResourceOptions,
): command.local.Command | command.remote.Command {
  const text = scriptText([...(args.libraries ?? []), args.script]);
  const stdin = pulumi.output(args.variables ?? {}).apply((variables) => `${shellAssign(variables)}${text}`);
  const elevate =
    args.root && args.channel.kind === "ssh" && args.channel.endpoint.user !== "root" ? "sudo -n " : "";
  const up = args.undo === "only" ? undefined : `${elevate}bash -s -- up`;
  const common = {
    create: up,
    update: up,
    delete: args.undo ? `${elevate}bash -s -- down` : undefined,
    triggers: args.triggers,
    stdin,
    // Nothing reads it, and a server's sshd refuses variables with a warning.
    addPreviousOutputInEnv: false,
  };
  const options = args.triggers === undefined ? opts : { ...opts, deleteBeforeReplace: true };
  if (args.channel.kind === "local") {
    return new command.local.Command(name, { ...common, logging: command.local.Logging.Stderr }, options);
  }
  return new command.remote.Command(
    name,
    {
      ...common,
      connection: remoteConnection(args.channel.endpoint),
      logging: command.remote.Logging.Stderr,
    },
    options,
  );
}
