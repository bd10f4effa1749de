import { jsonRows, parseTasks, Task } from "./tasks";

/** A container as `docker inspect --format '{{json .State}}'` tells it; more than this is there. */
interface ContainerState {
  OOMKilled?: boolean;
  Health?: { Log?: { ExitCode?: number; Output?: string }[] | null } | null;
}

/** What is known of a failed task. */
export interface Evidence {
  service: string;
  /** The host that it ran on, or was to run on. */
  host: string;
  task: Task;
  /** Its container's state as JSON; anything else where there is none. */
  state: string;
  /** Its container's last lines. */
  logs: string;
  /** What the engine and the kernel said of it on its host. */
  journal: string;
}

const longAgo = /(hours?|days?|weeks?|months?|years?) ago$/;
const startsStill = /^(New|Pending|Assigned|Accepted|Preparing|Ready|Starting)/;

/**
 * The task that says why a service did not come up, from the lines of `docker service ps --format '{{json .}}'`, newest
 * first: the one that the error names; else the newest that ended badly, or has an error, unless that is long ago and
 * another one hangs since.
 */
export function failedTask(lines: string, error = ""): Task | undefined {
  const tasks = parseTasks(lines);
  const recent = ({ state }: Task) => !longAgo.test(state);
  // One that was stopped as unhealthy, and ended in order, is called complete; no task of a service ever is.
  const ended = tasks.filter(({ state }) => /^(Failed|Rejected|Complete)/.test(state));
  const failed = [...ended, ...tasks.filter((task) => task.error !== "" && !ended.includes(task))];
  const hanging = tasks.find(({ wanted, state }) => wanted && startsStill.test(state));
  return (
    tasks.find(({ id }) => id !== "" && error.includes(`task ${id}`)) ??
    failed.find(recent) ??
    hanging ??
    failed[0]
  );
}

const most = { checks: 2, journal: 5, width: 300 };

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trimEnd().slice(0, most.width))
    .filter((line) => line.trim() !== "");

/** What a process ends with that is killed, as a check under way is where its container ends. */
const cutOff = 137;

/** The last health checks that failed: what each said, or that it said nothing. */
function healthLines({ Health }: ContainerState): string[] {
  const failed = (Health?.Log ?? []).filter(({ ExitCode = 0 }) => ![0, cutOff].includes(ExitCode));
  return failed.slice(-most.checks).flatMap(({ ExitCode = 0, Output = "" }) => {
    const [first = "(it said nothing)", ...more] = linesOf(Output).slice(-3);
    return [`exit code ${ExitCode}: ${first}`, ...more.map((line) => `  ${line}`)];
  });
}

/** What of the engine's lines says nothing of a failure: an image that no registry has is looked for on each start. */
const noise = /Error getting service|ignoring event|pulling image failed/;

/** The message and the error of a line of the engine's, without what stands around them. */
function engineLine(line: string): string {
  const [, message] = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  const [, error] = /\berror="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  const said = message === undefined ? line : `${message}${error === undefined ? "" : `: ${error}`}`;
  return said.replaceAll('\\"', '"');
}

/** What a failed task says of itself, the most telling first; a part of which nothing is known is left out. */
export function renderEvidence({ service, host, task, state, logs, journal }: Evidence): string {
  const container: ContainerState = jsonRows(state)[0] ?? {};
  const said = linesOf(logs);
  const health = healthLines(container);
  const engine = linesOf(journal).filter((line) => !noise.test(line));
  const killed = container.OOMKilled === true ? " (OOMKilled: it used more memory than its limit)" : "";
  const stopped = health.length > 0 ? ": stopped, as its health checks failed" : ": it ended by itself";
  const error =
    (task.error === "" ? "" : `: ${task.error.replace(/^"(.*)"$/, "$1")}`) ||
    (task.state.startsWith("Complete") ? stopped : "");
  return [
    `${service} on ${host}: ${task.name} ${task.state}${error}${killed}`,
    ...(health.length === 0 ? [] : ["last health checks:", ...health]),
    "last log lines:",
    ...(said.length === 0 ? ["(it logged nothing)"] : said),
    ...(engine.length === 0 ? [] : ["the host's journal:", ...engine.slice(-most.journal).map(engineLine)]),
  ].join("\n");
}
