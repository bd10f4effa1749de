import { table } from "../../components/shell/table";
import { EngineEvent, hostOf, Metadata, nameOf, plainMessage, typeOf } from "./deployment";

/** What is told of an update while it goes on. */
export interface Progress {
  event: (event: EngineEvent) => void;
  /** Told once, after the last event. */
  end: () => void;
}

/** What is being done to a resource, and what was: as Pulumi says it, where that says enough. */
const words: Readonly<Record<string, readonly [now: string, then: string]>> = {
  create: ["creating", "created"],
  update: ["updating", "updated"],
  delete: ["deleting", "deleted"],
  replace: ["replacing", "replaced"],
  "create-replacement": ["creating anew", "created anew"],
  "delete-replaced": ["deleting the old one", "deleted the old one"],
  import: ["importing", "imported"],
  refresh: ["asking", "asked"],
};

/** What is worked on now. */
interface Work {
  host: string;
  name: string;
  now: string;
  then: string;
  /** Milliseconds. */
  since: number;
  /** What it said last. */
  said: string;
}

interface Counts {
  done: number;
  failed: number;
}

/** For what belongs to no host alone. */
const everywhere = "all";

/** Components and providers are no work. */
const isWork = ({ urn, op }: Metadata): boolean =>
  words[op] !== undefined && !/^(hypha|pulumi):/.test(typeOf(urn));

/** What an update has done and does, by host, as its events tell it. */
export class UpdateState {
  readonly under = new Map<string, Work>();
  readonly counts = new Map<string, Counts>();
  readonly changes: Record<string, number> = {};

  /** `hosts` gives each host's address. */
  constructor(
    private readonly hosts: Readonly<Record<string, string>>,
    private readonly clock: () => number = Date.now,
  ) {}

  /** What began with this event. */
  begun({ resourcePreEvent }: EngineEvent): Work | undefined {
    const metadata = resourcePreEvent?.metadata;
    if (metadata === undefined || !isWork(metadata)) return undefined;
    const [now, then] = words[metadata.op] ?? ["", ""];
    const host = hostOf(metadata, this.hosts) ?? everywhere;
    const work = { host, name: nameOf(metadata.urn), now, then, since: this.clock(), said: "" };
    this.under.set(metadata.urn, work);
    return work;
  }

  /** What ended with this event, after how many seconds, and how. */
  ended({
    resOutputsEvent,
    resOpFailedEvent,
  }: EngineEvent): (Work & { seconds: number; ok: boolean }) | undefined {
    const urn = (resOutputsEvent ?? resOpFailedEvent)?.metadata.urn ?? "";
    const work = this.under.get(urn);
    if (work === undefined) return undefined;
    this.under.delete(urn);
    const ok = resOpFailedEvent === undefined;
    const { done, failed } = this.counts.get(work.host) ?? { done: 0, failed: 0 };
    this.counts.set(work.host, ok ? { done: done + 1, failed } : { done, failed: failed + 1 });
    if (ok) this.changes[work.then] = (this.changes[work.then] ?? 0) + 1;
    return { ...work, seconds: Math.round((this.clock() - work.since) / 1000), ok };
  }

  /** A line of what a resource or the program said. */
  said({
    diagnosticEvent,
  }: EngineEvent): { text: string; severity: string; passing: boolean; work?: Work } | undefined {
    if (diagnosticEvent === undefined || diagnosticEvent.severity === "debug") return undefined;
    const { urn = "", message, severity, ephemeral = false } = diagnosticEvent;
    const text = plainMessage(message).trimEnd();
    if (text === "") return undefined;
    const work = this.under.get(urn);
    if (work !== undefined) work.said = text.split("\n").at(-1) ?? "";
    return { text, severity, passing: ephemeral, ...(work === undefined ? {} : { work }) };
  }

  /** A row for each host that has or had work, hosts by name, what belongs to all of them first. */
  rows(): string[][] {
    const hosts = [...new Set([...this.counts.keys(), ...[...this.under.values()].map(({ host }) => host)])];
    const order = (host: string) => (host === everywhere ? "" : host);
    return hosts
      .sort((a, b) => (order(a) < order(b) ? -1 : 1))
      .map((host) => {
        const { done = 0, failed = 0 } = this.counts.get(host) ?? {};
        const own = [...this.under.values()].filter((work) => work.host === host);
        const oldest = own.reduce<Work | undefined>(
          (a, b) => (a !== undefined && a.since <= b.since ? a : b),
          undefined,
        );
        const more = own.length > 1 ? `, and ${own.length - 1} more` : "";
        const seconds = oldest === undefined ? 0 : Math.round((this.clock() - oldest.since) / 1000);
        const what =
          oldest === undefined
            ? ""
            : `${oldest.name} ${oldest.now} ${seconds} s${more}${oldest.said === "" ? "" : `: ${oldest.said}`}`;
        return [host, String(done), failed === 0 ? "" : `${failed} FAILED`, what];
      });
  }

  /** In one line what was done. */
  summary(): string {
    const done = Object.entries(this.changes)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${count} ${what}`);
    return done.length === 0 ? "nothing was changed" : done.join(", ");
  }
}

/** A line of a log: with its time, to the second, and its level. */
export const stampedLine = (when: Date, level: string, line: string): string =>
  `${when.toISOString().replace(/\.\d+Z$/, "Z")} ${level.padEnd(5)} ${line}`;

/** A line for each thing that happens, with time, level, host and resource: for logs. */
export function lines(state: UpdateState, write: (line: string) => void, now = () => new Date()): Progress {
  const tell = (level: string, text: string) => {
    for (const line of text.split("\n")) write(stampedLine(now(), level, line));
  };
  const levels: Record<string, string> = { warning: "warn", error: "error" };
  return {
    event: (event) => {
      const begun = state.begun(event);
      if (begun !== undefined) tell("info", `${begun.host}: ${begun.name} ${begun.now}`);
      const said = state.said(event);
      if (said?.passing === false) {
        const who = said.work === undefined ? "" : `${said.work.host}: ${said.work.name}: `;
        tell(levels[said.severity] ?? "info", said.text.replace(/^/gm, who));
      }
      const ended = state.ended(event);
      if (ended !== undefined) {
        const how = ended.ok ? ended.then : "FAILED";
        tell(ended.ok ? "info" : "error", `${ended.host}: ${ended.name} ${how} (${ended.seconds} s)`);
      }
    },
    end: () => {
      tell("info", state.summary());
    },
  };
}

/** The part of a terminal that is drawn anew. */
export interface Screen {
  columns?: number;
  rows?: number;
  write: (text: string) => unknown;
}

/** A table that is drawn anew twice a second, warnings and failures above it: for a terminal. */
export function liveTable(state: UpdateState, screen: Screen, colour: boolean): Progress {
  let drawn = 0;
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const clear = () => {
    if (drawn > 0) screen.write(`\u001b[${drawn}A\r\u001b[J`);
    drawn = 0;
  };
  const draw = () => {
    clear();
    // A line that wraps, or more of them than the terminal has, could not be taken back.
    const width = (screen.columns ?? 80) - 1;
    const text = table([["HOST", "DONE", "", "NOW"], ...state.rows()]).split("\n");
    const shown = text.slice(0, Math.max(2, (screen.rows ?? 24) - 1)).map((line) => line.slice(0, width));
    screen.write(shown.map((line, index) => `${index === 0 ? paint(1, line) : line}\n`).join(""));
    drawn = shown.length;
  };
  const above = (code: number, text: string) => {
    clear();
    screen.write(`${paint(code, text)}\n`);
  };
  const ticking = setInterval(draw, 500);
  ticking.unref();
  return {
    event: (event) => {
      state.begun(event);
      const said = state.said(event);
      if (said?.severity === "warning") above(33, said.text);
      const ended = state.ended(event);
      if (ended?.ok === false) above(31, `${ended.host}: ${ended.name} FAILED after ${ended.seconds} s`);
    },
    end: () => {
      clearInterval(ticking);
      draw();
      screen.write(`${state.summary()}\n`);
    },
  };
}

/** The table on a terminal, lines elsewhere. `hosts` gives each host's address. */
export function progressOn(
  output: Screen & { isTTY?: boolean },
  hosts: Readonly<Record<string, string>>,
): Progress {
  const state = new UpdateState(hosts);
  return output.isTTY === true
    ? liveTable(state, output, !process.env["NO_COLOR"])
    : lines(state, (line) => output.write(`${line}\n`));
}
