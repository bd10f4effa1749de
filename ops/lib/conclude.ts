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
import { lastOf, stamped, transcript, withoutSecrets } from "./transcript";
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
  /** What Pulumi told of it. */
  events: readonly EngineEvent[];
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
  return { deployment, config, failures, steps: stepsOf(events), audit, events };
}

export interface ConcludeOptions {
  /** The version that was put back. */
  redeployOf?: number;
  /** What was said before it began. @default nothing */
  said?: string;
}

/** A deployment whose record the hosts keep. */
export interface Concluded {
  config: StackConfig;
  audit: AuditRecord;
  record: DeploymentRecord;
  /** What its log may not have. */
  secrets: readonly string[];
}

/** Bytes of a deployment's log that are kept, and of what the tests after it said. */
const most = { deployment: 512 * 1024, tests: 64 * 1024 };

/**
 * Lists what failed; adds the line to the audit log of each host and keeps the deployment's record there, which it
 * returns. What cannot be recorded, or not everywhere, is a warning: the deployment is what it is.
 */
export async function conclude(
  conclusion: Conclusion,
  options: ConcludeOptions = {},
): Promise<Concluded | undefined> {
  const { config, failures, audit, deployment, events } = conclusion;
  if (failures.length > 0) {
    console.error(formatFailures(failures, process.stderr.isTTY && !process.env["NO_COLOR"]));
  }
  if (config === undefined || audit === undefined) {
    return undefined;
  }
  const known = await recordOf(conclusion, config, audit, options);
  if (known === undefined) {
    await writeDown(config, { audit });
    return undefined;
  }
  const { record, secrets } = known;
  const ended = new Date(record.ended);
  const log =
    stamped(deployment.began, "info", options.said ?? "") +
    transcript(events, addresses(config)) +
    (failures.length === 0 ? "" : stamped(ended, "error", formatFailures(failures, false)));
  await writeDown(config, { audit, record, log: lastOf(withoutSecrets(log, secrets), most.deployment) });
  return { config, audit, record, secrets };
}

/**
 * Adds to a deployment's record what the tests after it came to, to its log what they `said`, and a line to the audit logs
 * where they failed.
 */
export async function concludeValidation(
  { config, audit, record, secrets }: Concluded,
  validation: ValidationRecord,
  said = "",
): Promise<void> {
  const line = validation.ok ? {} : { audit: { ...audit, result: "invalid" as const } };
  const log = stamped(new Date(), validation.ok ? "info" : "error", said);
  const kept = { record: { ...record, validation }, log: lastOf(withoutSecrets(log, secrets), most.tests) };
  await writeDown(config, { ...line, ...kept });
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
): Promise<Pick<Concluded, "record" | "secrets"> | undefined> {
  try {
    const { secrets, ...known } = await gather(audit.stack, config, deployment);
    const { redeployOf } = options;
    return { record: deploymentRecord({ audit, deployment, steps, ...known, redeployOf }), secrets };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`warning: the deployment's record was not made: ${why}`);
    return undefined;
  }
}
