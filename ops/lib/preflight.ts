import { StackConfig } from "../../components/config/schema";
import { addresses } from "./audit";
import { certificateChecks } from "./certificateCheck";
import { Check } from "./checks";
import { EngineRun } from "./engineRun";
import { treeState } from "./git";
import { hostChecks } from "./hostChecks";
import { imageChecks } from "./imageChecks";
import { planCheck, renewsCertificate } from "./planCheck";
import { StackOutputs } from "./stack";
import { stackFileName } from "./stackFile";
import { stateCheck } from "./stateCheck";
import { treeCheck } from "./treeCheck";

export interface PreflightArgs {
  stack: string;
  config: StackConfig;
  /** The outputs of what runs now; empty where nothing does. */
  outputs: StackOutputs;
  /** Runs the preview; undefined leaves it out. */
  preview: () => Promise<EngineRun>;
  /** What the program is. */
  tree: Check;
  /** What else the preview is looked at for. @default nothing */
  more?: (preview: EngineRun) => Check[];
}

/** Whether what is deployed from a checkout is what its commit says. */
export function checkTree(stack: string, config: StackConfig, directory = process.cwd()): Check {
  return treeCheck(treeState(directory, stackFileName(stack)), {
    servers: Object.values(config.hosts).some(({ kind }) => kind === "vps"),
    allowed: process.env["ALLOW_DIRTY"] === "1",
  });
}

export interface Preflight {
  checks: Check[];
  /** The previewed update. */
  preview: EngineRun;
}

/** Everything that is looked at before a deployment, at once. */
export async function preflight(args: PreflightArgs): Promise<Preflight> {
  const { stack, config, outputs, preview, tree, more } = args;
  const [hosts, images, state, run] = await Promise.all([
    hostChecks(config),
    imageChecks(config),
    stateCheck(stack, config, outputs),
    preview(),
  ]);
  const certificates = await certificateChecks(outputs, renewsCertificate(run.events));
  const change = planCheck(run, outputs, addresses(config), process.env["ALLOW_DATA_CHANGE"] === "1");
  return {
    checks: [tree, ...state, ...hosts, ...images, ...certificates, ...(more?.(run) ?? []), change],
    preview: run,
  };
}
