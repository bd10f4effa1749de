import { Comparison } from "./aims";
import { Row, summarize, Unit } from "./rows";

/** All of a run, as it is kept in JSON. */
export interface Results {
  started: string;
  minutes: number;
  runs: number;
  machine: Record<string, string>;
  rows: Row[];
  comparisons: Comparison[];
}

function format(value: number, unit: Unit): string {
  return unit === "s" ? (value < 100 ? value.toFixed(2) : value.toFixed(0)) : String(Math.round(value));
}

/** A cell must not end its column or its line. */
const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");

const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;

function rowLine(row: Row): string {
  const found = summarize(row.values);
  const numbers =
    found === undefined
      ? ["–", "–", "–"]
      : [found.median, found.min, found.max].map((value) => format(value, row.unit));
  const remark = row.error === undefined ? (row.note ?? "") : `FAILED: ${row.error}`;
  return line([row.group, row.name, row.unit, ...numbers, String(row.values.length), remark]);
}

function comparisonLine({ name, shown, ratio, aim, met }: Comparison): string {
  const verdict = met === undefined ? "not measured" : met ? "met" : "**not met**";
  return line([name, shown, ratio === undefined ? "–" : ratio.toFixed(2), aim, verdict]);
}

export function markdown(results: Results): string {
  return [
    `Measured ${results.started}, ${results.runs} runs, ${results.minutes.toFixed(0)} minutes in all.`,
    "",
    ...Object.entries(results.machine).map(([name, value]) => `- ${name}: ${value}`),
    "",
    line(["case", "figure", "unit", "median", "min", "max", "n", "remark"]),
    line(["---", "---", "---", "---:", "---:", "---:", "---:", "---"]),
    ...results.rows.map(rowLine),
    "",
    line(["comparison", "medians", "ratio", "aim", "verdict"]),
    line(["---", "---", "---:", "---:", "---"]),
    ...results.comparisons.map(comparisonLine),
    "",
  ].join("\n");
}
