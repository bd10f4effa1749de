/** What this reads of a stack's state, as `pulumi stack export` prints it. */
export interface StackState {
  deployment: {
    resources?: StateResource[];
    pending_operations?: { type: string; resource: StateResource }[];
  };
}

export interface StateResource {
  urn: string;
  type: string;
  /** URN of the component that it belongs to; the stack's is the top. */
  parent?: string;
  /** `<urn>::<id>` of the provider. */
  provider?: string;
  /** Set while the resource waits to be deleted. */
  delete?: boolean;
  /** When it goes, it goes from the state only. */
  retainOnDelete?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

const secretKey = "4dabf18193072939515e22adb298388d";

/** A value with its secrets opened, as far as the export shows them (`--show-secrets`). */
export function open(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(open);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (secretKey in value) {
    return "plaintext" in value ? open(JSON.parse(String(value.plaintext))) : undefined;
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, open(part)]));
}

/** Every text that is secret in a value, opened. */
function secretsIn(value: unknown, secret = false): string[] {
  if (typeof value === "string") {
    return secret ? [value] : [];
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  if (secretKey in value) {
    return "plaintext" in value ? secretsIn(JSON.parse(String(value.plaintext)), true) : [];
  }
  return Object.values(value).flatMap((part) => secretsIn(part, secret));
}

/** A value as JSON, without what is secret in it. */
const plainJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && secretKey in part ? undefined : part,
  );

/**
 * What no log may have of a state whose secrets are shown: each secret text of eight characters and more in one line, and
 * the long words in any, as a key may be part of a file that is secret whole; Swarm's secrets are in base64, so opened too.
 * A script is left out, as is a word that the state has in plain sight: what is secret in one has a resource of its own.
 */
export function secretTexts({ deployment: { resources = [] } }: StackState): string[] {
  const texts = resources.flatMap(({ type, inputs, outputs }) => {
    const script = type.startsWith("command:") ? { stdin: "" } : {};
    const own = secretsIn([
      { ...inputs, ...script },
      { ...outputs, ...script },
    ]);
    return type === "docker:index/secret:Secret"
      ? [...own, ...own.map((text) => Buffer.from(text, "base64").toString())]
      : own;
  });
  const words = texts.flatMap((text) => [
    ...(text.includes("\n") || text.length < 8 ? [] : [text]),
    ...(text.match(/[^\s"'=]{16,}/g) ?? []),
  ]);
  const plain = plainJson(resources);
  return [...new Set(words)].filter((text) => !plain.includes(text));
}

/** All resources, those that wait to be deleted among them, with plain inputs and outputs. */
export function openResources(state: StackState): StateResource[] {
  return (state.deployment.resources ?? []).map((resource) => ({
    ...resource,
    inputs: open(resource.inputs ?? {}) as Record<string, unknown>,
    outputs: open(resource.outputs ?? {}) as Record<string, unknown>,
  }));
}

/** The resources that are there, with plain inputs and outputs. */
export function liveResources(state: StackState): StateResource[] {
  return openResources(state).filter((resource) => resource.delete !== true);
}

/**
 * The state without the operations that a run was cut off in, and their URNs. Pulumi keeps those that made something, and
 * warns of them at every `up` ever after; what they left is found by the next one: scripts look first, a service that is
 * in the way is removed.
 */
export function withoutPending(state: StackState): { state: StackState; urns: string[] } {
  const { pending_operations: pending = [], ...deployment } = state.deployment;
  return { state: { ...state, deployment }, urns: pending.map(({ resource }) => resource.urn) };
}

const mark = " # drift was found";

/**
 * The state with these command resources marked: their recorded `update` command is no longer the program's, so the
 * next `up` runs it, for them alone. Nothing else changes, so a marked state still updates and destroys as before.
 */
export function markDrifted(state: StackState, urns: ReadonlySet<string>): StackState {
  const marked = (properties: Record<string, unknown> | undefined) =>
    properties && { ...properties, update: `${String(properties["update"]).replace(mark, "")}${mark}` };
  const resources = (state.deployment.resources ?? []).map((resource) =>
    urns.has(resource.urn) && resource.delete !== true
      ? { ...resource, inputs: marked(resource.inputs), outputs: marked(resource.outputs) }
      : resource,
  );
  return { ...state, deployment: { ...state.deployment, resources } };
}
