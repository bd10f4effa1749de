import { addresses, AuditRecord, auditRecord, configOf, operator } from "./audit";
import {
  Deployment,
  deploymentOf,
  EngineEvent,
  Failure,
  failuresOf,
  formatFailures,
  Step,
  stepsOf,
} from "./deployment";
import { gather } from "./gather";
import { treeState } from "./git";
import { DeploymentRecord, deploymentRecord, keep, Kept, ValidationRecord } from "./record";
import { stackFileName } from "./stackFile";
import { StackConfig } from "../../components/config/schema";

/** What a deployment came to. */
export interface Conclusion {
  deployment: Deployment;
  /** Checked configuration; undefined where it is not valid, so that nothing was deployed. */
  config: StackConfig | undefined;
  failures: Failure[];
  /** What it began to change. */
  steps: Step[];
  /** Its line in the audit logs; undefined where nothing was tried. */
  audit: AuditRecord | undefined;
}

/** What an event log tells; undefined where no update began. `directory` is the checkout that was deployed. */
export function conclusionOf(
  stack: string,
  events: readonly EngineEvent[],
  directory = process.cwd(),
): Conclusion | undefined {
  const deployment = deploymentOf(events);
  if (deployment === undefined) {
    return undefined;
  }
  const config = configOf(deployment.config);
  const failures = failuresOf(events, addresses(config));
  const tried = config !== undefined && Object.keys(deployment.changes).length > 0;
  const audit = tried
    ? {
        ...auditRecord(stack, deployment, config, operator(directory)),
        dirty: treeState(directory, stackFileName(stack)).changed.length > 0,
      }
    : undefined;
  return { deployment, config, failures, steps: stepsOf(events), audit };
}

export interface ConcludeOptions {
  /** The version that was put back. */
  redeployOf?: number;
}

/**
 * Lists what failed; adds the line to the audit log of each host and keeps the deployment's record there, which it
 * returns. What cannot be recorded, or not everywhere, is a warning: the deployment is what it is.
 */
export async function conclude(
  conclusion: Conclusion,
  options: ConcludeOptions = {},
): Promise<DeploymentRecord | undefined> {
  const { config, failures, audit } = conclusion;
  if (failures.length > 0) {
    console.error(formatFailures(failures, process.stderr.isTTY && !process.env["NO_COLOR"]));
  }
  if (config === undefined || audit === undefined) {
    return undefined;
  }
  const record = await recordOf(conclusion, config, audit, options);
  await writeDown(config, { audit, record });
  return record;
}

/** Adds to a deployment's record what the tests after it came to, and a line to the audit logs where they failed. */
export async function concludeValidation(
  { config, audit }: Conclusion,
  record: DeploymentRecord,
  validation: ValidationRecord,
): Promise<void> {
  if (config !== undefined && audit !== undefined) {
    const line = validation.ok ? {} : { audit: { ...audit, result: "invalid" as const } };
    await writeDown(config, { ...line, record: { ...record, validation } });
  }
}

/** Has every host keep it; one that does not is a warning. */
export async function writeDown(config: StackConfig, kept: Kept): Promise<void> {
  for (const answer of await keep(config, kept)) {
    if ("problem" in answer) {
      console.error(`warning: ${answer.host}: the deployment is not in its audit log: ${answer.problem}`);
    }
  }
}

async function recordOf(
  { deployment, steps }: Conclusion,
  config: StackConfig,
  audit: AuditRecord,
  options: ConcludeOptions,
): Promise<DeploymentRecord | undefined> {
  try {
    const known = await gather(audit.stack, config, deployment);
    return deploymentRecord({ audit, deployment, steps, ...known, ...options });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`warning: the deployment's record was not made: ${why}`);
    return undefined;
  }
}
