import { spawnSync } from "node:child_process";
import { HostReport } from "./doctor";
import { stackState } from "./stack";
import { markDrifted, StackState } from "./state";
import { importState, keepState } from "./stateFile";
import { ToolError } from "./tool";

export interface RepairOptions {
  stack: string;
  /** Ask nothing. */
  yes: boolean;
  /** Another stack file than the project's own. */
  configFile: string | undefined;
}

/** The resources that put right what has drifted: host scripts that run again, and what Docker keeps. */
export function toRepair(reports: readonly HostReport[], state: StackState) {
  const urns = new Set(reports.flatMap(({ drifted }) => drifted.flatMap(({ repairedBy }) => repairedBy)));
  const types = new Map((state.deployment.resources ?? []).map(({ urn, type }) => [urn, type]));
  const isScript = (urn: string) => types.get(urn)?.startsWith("command:") === true;
  return { scripts: [...urns].filter(isScript), docker: [...urns].filter((urn) => !isScript(urn)) };
}

/** Runs `pulumi` with this terminal; its exit code. */
function attached(args: string[]): number {
  const { status, error } = spawnSync("pulumi", args, { stdio: "inherit" });
  if (error !== undefined) {
    throw new ToolError(`pulumi could not be started: ${error.message}`);
  }
  return status ?? 130;
}

/**
 * Lets Pulumi put right what the reports say: marks the scripts in the state and brings the stack up; then reads anew
 * what Docker keeps, and brings it up again. Cut off anywhere, it leaves a state with which the next `up` does the rest.
 */
export function repair(reports: readonly HostReport[], options: RepairOptions): void {
  const { stack, yes } = options;
  if (!yes && !process.stdin.isTTY) {
    throw new ToolError(
      "Pulumi asks before it changes anything, and there is no terminal to ask on: add YES=1",
    );
  }
  const state = stackState(stack);
  const { scripts, docker } = toRepair(reports, state);
  keepState(stack, state);
  const approve = yes ? ["--yes", "--non-interactive"] : [];
  const up = () => {
    failOn(attached(["up", "--stack", stack, ...configured(options), ...approve]), "up");
  };
  // The hosts first: Docker's API is reached through what they hold, the account and its group.
  if (scripts.length > 0) {
    importState(stack, markDrifted(state, new Set(scripts)));
    up();
  }
  if (docker.length > 0) {
    const targets = docker.flatMap((urn) => ["--target", urn]);
    const look = ["refresh", "--stack", stack, "--yes", "--skip-preview"];
    failOn(attached([...look, ...configured(options), ...targets]), "refresh");
    up();
  }
}

const configured = ({ configFile }: RepairOptions): string[] =>
  configFile === undefined ? [] : ["--config-file", configFile];

function failOn(code: number, verb: string): void {
  if (code !== 0) {
    throw new ToolError(
      `pulumi ${verb} did not finish (exit code ${code}): what has drifted is still marked, and make up or another FIX=1 goes on with it`,
    );
  }
}
