/** What a row's numbers are. */
export type Unit =
  "s" | "ms" | "MiB" | "%" | "connections" | "sessions" | "resources" | "requests" | "deployments";

/** One measured thing: every value, in the order measured; or why there is none. */
export interface Row {
  /** The case it belongs to, as `--only` names it. */
  group: string;
  /** Unique within its group. */
  name: string;
  unit: Unit;
  values: number[];
  /** A condition that the reader must know. */
  note?: string;
  /** The first line of what went wrong; values measured before it stay. */
  error?: string;
}

export interface Summary {
  median: number;
  min: number;
  max: number;
}

/** Undefined where nothing was measured. */
export function summarize(values: readonly number[]): Summary | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  const min = sorted[0];
  const max = sorted[sorted.length - 1];
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    return undefined;
  }
  return { median: (low + high) / 2, min, max };
}

/** The median of a row; undefined where the row is missing, failed or empty. */
export function medianOf(rows: readonly Row[], group: string, name: string): number | undefined {
  const row = rows.find((candidate) => candidate.group === group && candidate.name === name);
  return row === undefined || row.error !== undefined ? undefined : summarize(row.values)?.median;
}

/** The line of an error that says most, without the stack. */
export function firstLine(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error))
    .split("\n")
    .map((line) => line.trim());
  const telling = lines.find((line) => /^(error|fatal|ERROR)\b|error:/i.test(line));
  return (telling === undefined || telling === lines[0] ? (lines[0] ?? "") : `${lines[0]} ${telling}`).slice(
    0,
    300,
  );
}
