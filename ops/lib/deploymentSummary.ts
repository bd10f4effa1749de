import { stripVTControlCharacters } from "util";
import { AuditRecord } from "./audit";
import { code, fenced } from "./previewComment";

export interface SummaryOf {
  stack: string;
  /** Exit code of the whole. */
  code: number;
  /** ISO 8601, UTC: what began before it is of another run. */
  since: string;
  /** Lines of the audit logs, oldest first; undefined where no host could be asked. */
  records: readonly (AuditRecord & { hosts?: readonly string[] })[] | undefined;
  /** All that was printed. */
  log: string;
  /** Where the run's log is. @default nowhere */
  run?: string;
}

const mostLines = 60;

function row({ when, result, seconds, commit, dirty, changes }: AuditRecord): string {
  const done = Object.entries(changes).map(([what, count]) => `${count} ${what}`);
  const cells = [
    when.replace(".000Z", "Z"),
    result,
    `${seconds} s`,
    code(`${commit.slice(0, 12)}${dirty ? "-dirty" : ""}`),
    code(done.join(", ")),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** What was printed last before the failure was told: what was put back afterwards says nothing of it. */
function saidOfFailure(log: string): string {
  const lines = stripVTControlCharacters(log).trimEnd().split("\n");
  const told = lines.findIndex((line) =>
    /^The deployment (failed\.$|was made, and does not work)/.test(line),
  );
  const end = told < 0 ? lines.length : told + 1;
  return lines
    .slice(Math.max(0, end - mostLines), end)
    .join("\n")
    .slice(-8000);
}

/** What a job did to a stack, from the lines it left in the audit log, as Markdown. A failure shows the log up to it. */
export function deploymentSummary({ stack, code: exit, since, records, log, run }: SummaryOf): string {
  // The log has whole seconds.
  const own = (records ?? []).filter(
    (record) => record.stack === stack && record.when.slice(0, 19) >= since.slice(0, 19),
  );
  // What was put back may have needed no change, and then has no line of its own.
  const back = /^.*Version (\d+) is back and answers/m.exec(log)?.[1];
  const title =
    exit !== 0
      ? `failed${back === undefined ? "" : `, and version ${back} was put back`}`
      : own.length > 0
        ? "deployed"
        : "nothing was left to do";
  return [
    `### Stack ${code(stack)}: ${title}`,
    "",
    ...(own.length > 0
      ? [
          "| began | result | time | commit | resources |",
          "| --- | --- | --- | --- | --- |",
          ...own.map(row),
          "",
        ]
      : []),
    ...(records === undefined ? ["The servers' audit logs could not be read.", ""] : []),
    ...(exit === 0
      ? []
      : [
          "<details open><summary>The log up to the failure</summary>",
          "",
          fenced(saidOfFailure(log)),
          "",
          "</details>",
          "",
        ]),
    ...(run === undefined ? [] : [`[The whole log](${run})`, ""]),
  ].join("\n");
}
