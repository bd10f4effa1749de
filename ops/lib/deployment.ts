import { stripVTControlCharacters } from "util";
import { causeOf } from "./causes";

/** What Pulumi tells of one resource; more than this is in the log. */
export interface Metadata {
  urn: string;
  op: string;
  /** URN and id of the provider that works on it, e.g. `…::pulumi:providers:docker::web1-docker::<id>`. */
  provider?: string;
  old?: { parent?: string } | null;
  new?: { parent?: string; inputs?: { connection?: { host?: string } } } | null;
}

/** A line of Pulumi's event log, as far as it is read here. */
export interface EngineEvent {
  /** Whole seconds since 1970. */
  timestamp: number;
  preludeEvent?: { config?: Record<string, string> };
  resourcePreEvent?: { metadata: Metadata };
  resOutputsEvent?: { metadata: Metadata };
  resOpFailedEvent?: { metadata: Metadata };
  /** `ephemeral`: what is true for a moment only, like how much of a download there is. */
  diagnosticEvent?: { urn?: string; severity: string; message: string; ephemeral?: boolean };
  summaryEvent?: { result?: string; durationSeconds: number; resourceChanges?: Record<string, number> };
}

/** A failed step, or an error that belongs to none. */
export interface Failure {
  /** The host's key in the config, or undefined where no host can be told. */
  host: string | undefined;
  /** The resource's name; `program` for what no resource says. */
  step: string;
  /** What it most likely comes from, where that is known. */
  cause?: string;
  /** What was said of it last, oldest first. */
  lines: string[];
  /** What to do, in the error's own words. */
  hint: string | undefined;
}

/** What `pulumi up` did, from its event log. */
export interface Deployment {
  /** Raw configuration: `hypha:<section>` to its text. */
  config: Record<string, string>;
  began: Date;
  seconds: number;
  /** `interrupted` where the log ends before the update did. */
  result: "succeeded" | "failed" | "interrupted";
  /** Number of resources by what was done to them; unchanged ones are left out. Empty: nothing was touched. */
  changes: Record<string, number>;
}

/** The lines of a text that hold a JSON object; any other line, one cut short among them, is left out. */
export function jsonLines(text: string): { line: string; value: object }[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null ? [{ line, value }] : [];
    } catch {
      return [];
    }
  });
}

/** The event log that `pulumi up --event-log` writes. */
export function parseEvents(log: string): EngineEvent[] {
  return jsonLines(log).map(({ value }) => value as EngineEvent);
}

/** A message of Pulumi without its colours, which it writes in two ways. */
export const plainMessage = (message: string): string =>
  stripVTControlCharacters(message.replace(/<\{%.*?%\}>/g, ""));

/** The type of a service. */
export const serviceType = "docker:index/service:Service";

/** A resource's name, the last part of its URN. */
export const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** The type in a URN: what stands after the last `$` of its third part. */
export function typeOf(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}

const untouched = ["same", "read", "refresh"];

/** The update that an event log tells of; undefined where none began, because the operator declined it. */
export function deploymentOf(events: readonly EngineEvent[]): Deployment | undefined {
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) {
    return undefined;
  }
  const changes: Record<string, number> = {};
  for (const { resourcePreEvent } of events) {
    const op = resourcePreEvent?.metadata.op;
    if (op !== undefined && !untouched.includes(op)) {
      changes[op] = (changes[op] ?? 0) + 1;
    }
  }
  const summary = events.find(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent;
  return {
    config: events.find(({ preludeEvent }) => preludeEvent !== undefined)?.preludeEvent?.config ?? {},
    began: new Date(first.timestamp * 1000),
    seconds: last.timestamp - first.timestamp,
    result: summary === undefined ? "interrupted" : summary.result === "succeeded" ? "succeeded" : "failed",
    changes,
  };
}

/** How far what was done to a resource got. */
export interface Step {
  urn: string;
  parent: string | undefined;
  outcome: "completed" | "failed" | "unfinished";
}

/** Every resource that the update began to change. */
export function stepsOf(events: readonly EngineEvent[]): Step[] {
  const steps = new Map<string, Step>();
  const put = ({ urn, old, new: now }: Metadata, outcome: Step["outcome"]) => {
    const parent = now?.parent ?? old?.parent ?? steps.get(urn)?.parent;
    steps.set(urn, { urn, parent, outcome });
  };
  for (const { resourcePreEvent, resOutputsEvent, resOpFailedEvent } of events) {
    if (resourcePreEvent !== undefined && !untouched.includes(resourcePreEvent.metadata.op)) {
      put(resourcePreEvent.metadata, "unfinished");
    } else if (resOutputsEvent !== undefined && steps.has(resOutputsEvent.metadata.urn)) {
      put(resOutputsEvent.metadata, "completed");
    } else if (resOpFailedEvent !== undefined) {
      put(resOpFailedEvent.metadata, "failed");
    }
  }
  return [...steps.values()];
}

/** What follows from another failure, and what only Pulumi's makers need. */
const consequence =
  /failed to register$|^Error: error serializing property|Running program .* failed with an unhandled exception/;
const noise = new RegExp(
  [
    ...[/^\s+at /, /^(Process exited with|exit) status \d+:$/, /^Dial \d+\/\d+ failed: retrying/],
    ...[/^update failed$/, /^resource .* failed$/, /^\s*sdk-v2\//],
    /^\s*(\* (creating|updating|deleting) urn:\S+: )?\d+ errors? occurred:$/,
  ]
    .map(({ source }) => source)
    .join("|"),
);
const howMany = 10;
/** What the program tells of a service's failed task: no more than it means to, so all of it is shown. */
const evidence = /^last log lines:$/m;

/** Lines, hint and cause of an error's messages. Commands are left out: they are long, and say nothing of the failure. */
function explain(messages: readonly string[]): Pick<Failure, "cause" | "lines" | "hint"> {
  const texts = messages.map((message) =>
    plainMessage(message).replace(/: running ".*?(?<!\\)"(?=:?\s*$)/gm, ""),
  );
  const text = texts.join("\n");
  const hint = [...text.matchAll(/what to do: (.*)$/gm)].at(-1)?.[1];
  const cause = causeOf(text);
  // The evidence first: what the provider says of a service is only that it was put back.
  const ordered = [...texts].sort((a, b) => Number(evidence.test(b)) - Number(evidence.test(a)));
  const lines = ordered.flatMap((one) => {
    const own = evidence.test(one);
    const said = one
      .split("\n")
      .filter((line) => line.trim() !== "" && (own || !noise.test(line)))
      .map((line) => line.replace(/(^\S+: |; )what to do: .*$/, "").replace(/^\s+\* /, ""))
      .filter((line) => line !== "");
    return own ? said : [...new Set(said)];
  });
  const shown = evidence.test(text) ? lines : [...new Set(lines)].slice(-howMany);
  return { ...(cause === undefined ? {} : { cause }), lines: shown, hint };
}

/** The host that a step works on: in its name, the address it connects to, or its provider's name. */
export function hostOf(metadata: Metadata, hosts: Readonly<Record<string, string>>): string | undefined {
  const named = (text: string) =>
    Object.keys(hosts)
      .filter((host) => `-${text}-`.includes(`-${host}-`))
      .sort((a, b) => b.length - a.length)[0];
  const address = metadata.new?.inputs?.connection?.host;
  const connected = Object.keys(hosts).find((host) => address !== undefined && hosts[host] === address);
  return named(nameOf(metadata.urn)) ?? connected ?? named(metadata.provider?.split("::").at(-2) ?? "");
}

/**
 * Everything that failed, in the order it did. `hosts` gives each host's address. An error that the program shows
 * beside a failed step (what a failed contact means, the log of a failed service) is put to that step.
 */
export function failuresOf(
  events: readonly EngineEvent[],
  hosts: Readonly<Record<string, string>>,
): Failure[] {
  const done = new Set(events.flatMap(({ resOutputsEvent }) => resOutputsEvent?.metadata.urn ?? []));
  // What a step complained of that was tried again and done is no failure; the program's own errors are the stack's.
  const errors = events.flatMap(({ diagnosticEvent }) => {
    const { severity, urn = "" } = diagnosticEvent ?? {};
    const madeGood = done.has(urn) && typeOf(urn).startsWith("docker:");
    return diagnosticEvent !== undefined && severity === "error" && !madeGood ? [diagnosticEvent] : [];
  });
  const failed = events.flatMap(({ resOpFailedEvent }) =>
    resOpFailedEvent ? [resOpFailedEvent.metadata] : [],
  );
  const steps = new Map(failed.map((metadata) => [metadata.urn, metadata]));
  const loose: string[] = [];
  const messages = new Map<string, string[]>([...steps.keys()].map((urn) => [urn, []]));
  for (const { urn = "", message } of errors) {
    const own = messages.get(urn) ?? messages.get(besides(message, [...steps.values()], hosts) ?? "");
    (own ?? loose).push(message);
  }
  const told = [...steps].map(([urn, metadata]) => ({
    host: hostOf(metadata, hosts),
    step: nameOf(urn),
    ...explain(messages.get(urn) ?? []),
  }));
  const rest = loose
    .filter((message) => steps.size === 0 || !consequence.test(message.split("\n")[0] ?? ""))
    .map((message) => ({ host: undefined, step: "program", ...explain([message]) }))
    .filter(({ lines }) => lines.length > 0);
  return [...told, ...rest];
}

/** URN of the failed step that an error of the program speaks of: it begins with a host's or a service's name. */
function besides(
  message: string,
  steps: readonly Metadata[],
  hosts: Readonly<Record<string, string>>,
): string | undefined {
  const subject = /^[\w.-]+/.exec(message)?.[0] ?? "";
  return steps.find((metadata) => {
    const part = nameOf(metadata.urn).replace(/-service$/, "");
    const own = subject === part || subject.endsWith(`-${part}`) || part.startsWith(`${subject}-`);
    return own || subject === hostOf(metadata, hosts);
  })?.urn;
}

/** The list for the end of a run. `colour` only on a terminal. */
export function formatFailures(failures: readonly Failure[], colour: boolean): string {
  const red = (text: string) => (colour ? `\u001b[31m${text}\u001b[0m` : text);
  const blocks = failures.map(({ host, step, cause, lines, hint }) => [
    red(`${host === undefined ? "" : `${host}: `}${step}`),
    ...(cause === undefined ? [] : [`  likely cause: ${cause}`]),
    ...lines.map((line) => `  ${line}`),
    ...(hint === undefined ? [] : [`  what to do: ${hint}`]),
  ]);
  const count = failures.length === 1 ? "1 step" : `${failures.length} steps`;
  return [
    `${count} failed. What does not depend on ${failures.length === 1 ? "it" : "them"} was done; make up goes on from there.`,
    ...blocks.flat(),
  ].join("\n");
}
