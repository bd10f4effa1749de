import { FaultResult } from "./faultBook";
import { otherFaults } from "./faults";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map(cell).join(" | ")} |\n`)
    .join("");
}

/** What was seen, as the first table in docs/faults.md. */
export function faultTable(results: readonly FaultResult[]): string {
  const rows = results.map(({ name, exit, sees, requests, failed, away, recovers, seconds }) => [
    name,
    exit,
    `\`${sees.replaceAll("`", "'").slice(0, 160)}\``,
    requests === 0
      ? "no site yet"
      : `${failed} of ${requests}${failed === 0 ? "" : `, in ${away.toFixed(0)} s`}`,
    recovers,
    `${seconds.toFixed(0)} s`,
  ]);
  return table(["fault", "exit", "what the operator sees", "failed requests", "recovers by", "in"], rows);
}

/** The faults of other stories, as the second. */
export function otherFaultTable(): string {
  const rows = Object.entries(otherFaults).map(([name, { story, sees, served, recovers }]) => [
    name,
    sees,
    served,
    recovers,
    story,
  ]);
  return table(["fault", "what the operator sees", "kept serving", "recovers by", "story"], rows);
}
