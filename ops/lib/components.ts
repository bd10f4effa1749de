import { shellAssigned } from "../../components/shell/quote";
import { nameOf, serviceType, Step, typeOf } from "./deployment";
import { StateResource } from "./state";

/** A part of the stack in a deployment: a server, the swarm, a service, an image. */
export interface Component {
  /** Token of its class, like `hypha:postgres:Postgres`. */
  type: string;
  /** `unchanged` where nothing of it was touched; `unfinished` where the deployment was cut off in it. */
  status: "completed" | "failed" | "unfinished" | "unchanged";
  /** What it runs: an image's reference, or a program's name. Left out where it runs nothing of its own. */
  version?: string;
}

const stackType = "pulumi:pulumi:Stack";

/** The worst of its steps tells how a component ended. */
const worstFirst = ["failed", "unfinished", "completed"] as const;

/** What a resource says of the version that its component runs. */
function versionOf({ type, inputs = {}, outputs = {} }: StateResource): string | undefined {
  if (type === serviceType) {
    const { containerSpec } = (outputs["taskSpec"] ?? {}) as { containerSpec?: { image?: string } };
    return containerSpec?.image;
  }
  const text = inputs["stdin"];
  const variables = typeof text === "string" ? shellAssigned(text) : {};
  return variables["REFERENCE"] ?? variables["PROGRAM"];
}

/**
 * The components that stand directly below the stack or one of its systems, each with all that is below it. `steps` is
 * what the deployment did.
 */
export function componentsOf(
  resources: readonly StateResource[],
  steps: readonly Step[],
): Record<string, Component> {
  const parents = new Map([
    ...resources.map(({ urn, parent }) => [urn, parent] as const),
    ...steps.map(({ urn, parent }) => [urn, parent] as const),
  ]);
  const types = new Map(resources.map(({ urn, type }) => [urn, type]));
  const isRoot = (urn: string | undefined) => {
    const type = urn === undefined ? stackType : (types.get(urn) ?? typeOf(urn));
    return type === stackType || type.startsWith("hypha:systems:");
  };
  const owner = (urn: string): string | undefined => {
    for (let at: string | undefined = urn; at !== undefined && !isRoot(at); at = parents.get(at)) {
      if (isRoot(parents.get(at))) {
        return at;
      }
    }
    return undefined;
  };
  const found = new Map<string, Component>();
  for (const resource of resources) {
    const top = owner(resource.urn);
    const type = top === undefined ? undefined : types.get(top);
    if (top === undefined || type?.startsWith("hypha:") !== true) {
      continue;
    }
    const known = found.get(top) ?? { type, status: "unchanged" as const };
    const version = known.version ?? versionOf(resource);
    found.set(top, { ...known, ...(version === undefined ? {} : { version }) });
  }
  for (const [urn, component] of found) {
    const outcomes = steps.filter((step) => owner(step.urn) === urn).map(({ outcome }) => outcome);
    component.status = worstFirst.find((outcome) => outcomes.includes(outcome)) ?? "unchanged";
  }
  return Object.fromEntries(
    [...found]
      .map(([urn, component]) => [nameOf(urn), component] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
