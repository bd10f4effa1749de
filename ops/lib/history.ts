import { StackConfig } from "../../components/config/schema";
import { configOf } from "./audit";
import { Deployment } from "./deployment";
import { askRecords, DeploymentRecord, mergeRecords } from "./record";
import { pulumi } from "./stack";

/** One operation on a stack, as Pulumi's history has it. */
export interface HistoryEntry {
  /** From 1 on, in the order of the operations; Pulumi's own number where its backend gives one. */
  version: number;
  /** `update`, `destroy`, `refresh` and the like. */
  kind: string;
  /** `succeeded`, `failed` or `in-progress`. */
  result: string;
  /** ISO 8601, UTC. */
  began: string;
  seconds: number;
  /** `-m`, else the commit's first line. */
  message: string;
  /** Left out where it did not run in a git checkout. */
  commit?: string;
  dirty: boolean;
  author?: string;
  /** Raw configuration, `hypha:<section>` to its text; what is secret is left out. */
  config: Record<string, string>;
  /** Number of resources by what was done to them; unchanged ones are left out. */
  changes: Record<string, number>;
}

/** An entry with what the hosts recorded of it. */
export interface Deployed extends HistoryEntry {
  record?: DeploymentRecord;
}

/** As `pulumi stack history --json` prints it. */
export interface RawEntry {
  version: number;
  kind: string;
  startTime: string;
  endTime?: string;
  message?: string;
  environment?: Record<string, string>;
  config?: Record<string, { value?: string }>;
  result: string;
  resourceChanges?: Record<string, number>;
}

const readEntries = (json: string): RawEntry[] =>
  json.trim() === "" ? [] : (JSON.parse(json) as RawEntry[]);

/** What Pulumi prints, newest first, as a history, oldest first. A file backend numbers nothing, so the order does. */
export function parseHistory(entries: readonly RawEntry[]): HistoryEntry[] {
  return [...entries].reverse().map((entry, index) => {
    const { environment = {}, config = {}, resourceChanges = {}, endTime = entry.startTime } = entry;
    const { "git.head": commit, "git.author": name, "git.author.email": address } = environment;
    return {
      version: entry.version || index + 1,
      kind: entry.kind,
      result: entry.result,
      began: entry.startTime,
      seconds: Math.round((Date.parse(endTime) - Date.parse(entry.startTime)) / 1000),
      message: entry.message ?? "",
      ...(commit === undefined ? {} : { commit }),
      dirty: environment["git.dirty"] === "true",
      ...(name === undefined ? {} : { author: address === undefined ? name : `${name} <${address}>` }),
      config: Object.fromEntries(
        Object.entries(config).flatMap(([key, { value }]) =>
          value === undefined ? [] : [[key, value] as const],
        ),
      ),
      changes: Object.fromEntries(
        Object.entries(resourceChanges).filter(([op, count]) => op !== "same" && count > 0),
      ),
    };
  });
}

/** More than a page shows is another page; without `--page-size` that is ten. */
const pageSize = 100;

/** What Pulumi's history has of a stack, oldest first; empty where nothing was deployed yet. */
export function stackHistory(stack: string, print: (args: string[]) => string = pulumi): HistoryEntry[] {
  const entries: RawEntry[] = [];
  for (let page = 1; ; page++) {
    const paging = ["--page-size", String(pageSize), "--page", String(page)];
    const more = readEntries(print(["stack", "history", "--stack", stack, "--json", ...paging]));
    entries.push(...more);
    if (more.length < pageSize) {
      return parseHistory(entries);
    }
  }
}

/** The entry of a deployment, which ran while it did and began when it did. Undefined where it was killed. */
export function entryOf<Entry extends HistoryEntry>(
  history: readonly Entry[],
  { began, seconds }: Pick<Deployment, "began" | "seconds">,
): Entry | undefined {
  const from = began.getTime();
  const distance = (entry: Entry) => Math.abs(Date.parse(entry.began) - from);
  return history
    .filter((entry) => {
      const start = Date.parse(entry.began);
      return (
        entry.kind === "update" && start <= from + seconds * 1000 && start + entry.seconds * 1000 >= from
      );
    })
    .sort((a, b) => distance(a) - distance(b))[0];
}

/** The history with the hosts' records; one of a deployment that Pulumi does not know of is left out. */
export function withRecords(
  history: readonly HistoryEntry[],
  records: readonly DeploymentRecord[],
): Deployed[] {
  const known = new Map(
    records.map((record) => [
      entryOf(history, { began: new Date(record.began), seconds: record.seconds }),
      record,
    ]),
  );
  return history.map((entry) => {
    const record = known.get(entry);
    return record === undefined ? entry : { ...entry, record };
  });
}

/** The configuration that a stack was last deployed with; undefined where it never was, or with one of another Hypha. */
export function deployedConfig(
  stack: string,
  print: (args: string[]) => string = pulumi,
): StackConfig | undefined {
  const last = stackHistory(stack, print)
    .filter(({ kind }) => kind === "update")
    .at(-1);
  return configOf(last?.config ?? {});
}

/**
 * The history of a stack with its hosts' records, oldest first. The hosts are those of the last deployment, whose
 * configuration comes along; one that does not answer is a warning, as another may have the same records.
 */
export async function deployedHistory(
  stack: string,
): Promise<{ history: Deployed[]; warnings: string[]; config: StackConfig | undefined }> {
  const history = stackHistory(stack);
  const last = history.filter(({ kind }) => kind === "update").at(-1);
  const config = configOf(last?.config ?? {});
  const answers = config === undefined ? [] : await askRecords(config, stack);
  const warnings = answers.flatMap((answer) =>
    "problem" in answer ? [`${answer.host}: its records cannot be read: ${answer.problem}`] : [],
  );
  return { history: withRecords(history, mergeRecords(answers)), warnings, config };
}
