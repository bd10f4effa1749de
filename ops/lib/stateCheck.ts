import { StackConfig } from "../../components/config/schema";
import { causeOf } from "./causes";
import { Check } from "./checks";
import { firstContact, run } from "./firstContact";
import { StackOutputs, stackState } from "./stack";

/** Why Pulumi cannot read a state, and what to do. */
export function stateProblem(said: string): string {
  const lines = said.split("\n");
  const problem = lines.find((text) => text.includes("error: ")) ?? lines[0] ?? "";
  return `${problem.replace(/^.*?error: /, "")}\nwhat to do: ${causeOf(said) ?? "see that its place lets you in (PULUMI_BACKEND_URL, pulumi login)"}`;
}

/** A stack that runs, and a state that has nothing of it: it would be made a second time, over what is there. */
export async function stateCheck(
  stack: string,
  { hosts, cluster: { first } }: StackConfig,
  outputs: StackOutputs,
): Promise<Check[]> {
  const host = hosts[first];
  // A first deployment that was cut off has no outputs yet.
  if (host === undefined || outputs.hosts !== undefined || hasResources(stack)) {
    return [];
  }
  const list = ["docker", "service", "ls", "--quiet", "--filter", `label=hypha.stack=${stack}`];
  const { code, output } = await run(firstContact(host, list, { root: true }));
  const services = code === 0 ? output.split("\n").filter((line) => line !== "").length : 0;
  return services === 0
    ? []
    : [
        {
          name: "state",
          verdict: "FAILED",
          what: `is empty, and ${services} services of ${stack} run on ${first}: it is another one than they were deployed with`,
          fix: "name the right one (PULUMI_BACKEND_URL, pulumi login), or put it back from its backup",
        },
      ];
}

function hasResources(stack: string): boolean {
  try {
    return (stackState(stack).deployment.resources ?? []).length > 0;
  } catch {
    return false;
  }
}
