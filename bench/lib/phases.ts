/** One resource being worked on, in seconds since the first event. */
export interface Span {
  urn: string;
  start: number;
  end: number;
}

interface ResourceEvent {
  metadata: { urn: string; op: string };
}

interface EngineEvent {
  timestamp: number;
  resourcePreEvent?: ResourceEvent;
  resOutputsEvent?: ResourceEvent;
  resOpFailedEvent?: ResourceEvent;
}

/** Which phase a resource belongs to, by the end of its URN (`…::type::name`); the first that fits. */
const phases: [name: string, pattern: RegExp][] = [
  ["preflight", /Command::.*-preflight$/],
  ["account and engine", /Command::.*-prepare$/],
  ["swarm and network", /Command::cluster-node-|Network::/],
  ["images: build and send", /Command::.*-image-build$/],
  ["services", /Service::/],
];

/** What Pulumi's `--event-log` wrote: one JSON object per line, times in whole seconds. */
export function spans(log: string): Span[] {
  const events = log
    .split("\n")
    .filter((text) => text.trim() !== "")
    .map((text) => JSON.parse(text) as EngineEvent);
  const first = events[0]?.timestamp ?? 0;
  const begun = new Map<string, number>();
  const found: Span[] = [];
  for (const { timestamp, resourcePreEvent, resOutputsEvent, resOpFailedEvent } of events) {
    const begins = resourcePreEvent?.metadata;
    if (begins !== undefined && begins.op !== "same") {
      begun.set(begins.urn, timestamp);
    }
    const { urn } = (resOutputsEvent ?? resOpFailedEvent)?.metadata ?? { urn: "" };
    const start = begun.get(urn);
    if (start !== undefined) {
      found.push({ urn, start: start - first, end: timestamp - first });
      begun.delete(urn);
    }
  }
  return found;
}

/** How long at least one of the spans was under way. */
export function covered(list: readonly Pick<Span, "start" | "end">[]): number {
  let total = 0;
  let reached = -Infinity;
  for (const { start, end } of [...list].sort((a, b) => a.start - b.start)) {
    total += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return total;
}

/** Per phase that occurred, the seconds in which one of its resources at least was being made. Phases overlap. */
export function phaseSeconds(log: string): [phase: string, seconds: number][] {
  const found = spans(log);
  return phases
    .map(([name, pattern]): [string, Span[]] => [name, found.filter(({ urn }) => pattern.test(urn))])
    .filter(([, own]) => own.length > 0)
    .map(([name, own]) => [name, covered(own)]);
}
