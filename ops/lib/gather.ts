import { StackConfig } from "../../components/config/schema";
import { accessTo } from "./audit";
import { createdOn } from "./created";
import { Deployment } from "./deployment";
import { planChecks, reportHost } from "./doctor";
import { entryOf, stackHistory } from "./history";
import { RecordSources } from "./record";
import { askHost } from "./session";
import { stackState } from "./stack";
import { liveResources, secretTexts } from "./state";

/** What Pulumi and the hosts know of the stack now: the state, the history, and each host's facts in one session. */
export async function gather(
  stack: string,
  config: StackConfig,
  deployment: Deployment,
): Promise<Pick<RecordSources, "resources" | "found" | "version" | "message"> & { secrets: string[] }> {
  const state = stackState(stack, { showSecrets: true });
  const resources = liveResources(state);
  const entry = entryOf(stackHistory(stack), deployment);
  const plans = planChecks(resources, accessTo(config));
  const found = await Promise.all(
    plans.map(async (plan) => {
      const { answers, failure } = await askHost(plan);
      const { drifted, problems } = reportHost(plan, answers, failure);
      const created = createdOn(
        plan.name,
        answers.flatMap(({ facts }) => facts),
        resources,
      );
      const problem = problems.length === 0 ? {} : { problem: problems.join("; ") };
      return [
        plan.name,
        { created, drifted: drifted.map(({ kind, name }) => `${kind} ${name}`), ...problem },
      ] as const;
    }),
  );
  return {
    resources,
    found: Object.fromEntries(found),
    version: entry?.version,
    message: entry?.message,
    secrets: secretTexts(state),
  };
}
