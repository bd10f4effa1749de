import { addresses, AuditRecord, auditRecord, configOf, onHosts, operator } from "./audit";
import { Deployment, deploymentOf, EngineEvent, Failure, failuresOf, formatFailures } from "./deployment";
import { StackConfig } from "../../components/config/schema";

/** What a deployment came to. */
export interface Conclusion {
  deployment: Deployment;
  /** Checked configuration; undefined where it is not valid, so that nothing was deployed. */
  config: StackConfig | undefined;
  failures: Failure[];
  /** Its line in the audit logs; undefined where nothing was tried. */
  audit: AuditRecord | undefined;
}

/** What an event log tells; undefined where no update began. */
export function conclusionOf(stack: string, events: readonly EngineEvent[]): Conclusion | undefined {
  const deployment = deploymentOf(events);
  if (deployment === undefined) {
    return undefined;
  }
  const config = configOf(deployment.config);
  const failures = failuresOf(events, addresses(config));
  const tried = config !== undefined && Object.keys(deployment.changes).length > 0;
  const audit = tried ? auditRecord(stack, deployment, config, operator(process.cwd())) : undefined;
  return { deployment, config, failures, audit };
}

/** Lists what failed, and adds the line to the audit log of each host. A host that does not take it is a warning. */
export async function conclude({ config, failures, audit }: Conclusion): Promise<void> {
  if (failures.length > 0) {
    console.error(formatFailures(failures, process.stderr.isTTY && !process.env["NO_COLOR"]));
  }
  if (config === undefined || audit === undefined) {
    return;
  }
  for (const answer of await onHosts(config, (log) => `cat >>${log}`, `${JSON.stringify(audit)}\n`)) {
    if ("problem" in answer) {
      console.error(`warning: ${answer.host}: the deployment is not in its audit log: ${answer.problem}`);
    }
  }
}
