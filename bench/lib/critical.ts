import { Span } from "./phases";

export interface CriticalPath {
  seconds: number;
  /** The names of the resources on it, in order, each with its seconds. */
  steps: [name: string, seconds: number][];
}

const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/**
 * The chain of resources, each waiting for the one before, whose work took longest together: with endless hands and
 * processors a deployment takes that long. `needs` names what each resource waits for; others, like components, which
 * last as long as all that is in them, count for nothing.
 */
export function criticalPath(
  spans: readonly Span[],
  needs: ReadonlyMap<string, readonly string[]>,
): CriticalPath {
  const own = new Map(
    spans.filter(({ urn }) => needs.has(urn)).map(({ urn, start, end }) => [urn, end - start]),
  );
  const known = new Map<string, CriticalPath>();
  const upTo = (urn: string): CriticalPath => {
    const found = known.get(urn);
    if (found !== undefined) return found;
    // Pulumi's graph has no circles; one in a broken state must not go on for ever.
    known.set(urn, { seconds: 0, steps: [] });
    const before = longest((needs.get(urn) ?? []).map(upTo));
    const seconds = own.get(urn);
    const path =
      seconds === undefined
        ? before
        : { seconds: before.seconds + seconds, steps: [...before.steps, step(urn, seconds)] };
    known.set(urn, path);
    return path;
  };
  return longest([...own.keys()].map(upTo));
}

const step = (urn: string, seconds: number): [string, number] => [nameOf(urn), seconds];

function longest(paths: readonly CriticalPath[]): CriticalPath {
  return paths.reduce((most, path) => (path.seconds > most.seconds ? path : most), { seconds: 0, steps: [] });
}

interface State {
  deployment: {
    resources?: { urn: string; custom: boolean; provider?: string; dependencies?: string[] }[];
  };
}

/** What each resource of an exported state waits for: what it depends on, and its provider. Components are left out. */
export function needsOf(state: string): Map<string, string[]> {
  const { resources = [] } = (JSON.parse(state) as State).deployment;
  return new Map(
    resources
      .filter(({ custom }) => custom)
      .map(({ urn, provider, dependencies = [] }) => [
        urn,
        [...dependencies, ...(provider === undefined ? [] : [provider.replace(/::[^:]*$/, "")])],
      ]),
  );
}
