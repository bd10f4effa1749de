import { firstLine, Row, Unit } from "./rows";

/** A figure that can be measured again and again: each call gives one value. */
export interface Series {
  name: string;
  unit: Unit;
  note?: string;
  measure: (round: number) => Promise<number>;
}

/** A group of figures. What it cannot make ready, it throws; the rows it could have filled tell the error. */
export interface Case {
  group: string;
  /** One-time work before the rounds; gives the figures that are measured once. */
  prepare: (log: Log, stop: AbortSignal | undefined) => Promise<Row[]>;
  series: Series[];
  cleanUp: () => Promise<void>;
}

export type Log = (text: string) => void;

async function seconds<T>(work: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now();
  const value = await work();
  return [value, (performance.now() - began) / 1000];
}

/** Prepares one case; what fails is a row. */
async function prepared(
  one: Case,
  log: Log,
  stop: AbortSignal | undefined,
): Promise<{ rows: Row[]; ready: boolean }> {
  try {
    log(`${one.group}: preparing`);
    const [rows, took] = await seconds(() => one.prepare(log, stop));
    log(`${one.group}: ready after ${took.toFixed(0)} s`);
    return { rows, ready: true };
  } catch (error) {
    stop?.throwIfAborted();
    log(`${one.group}: ${String(error)}`);
    const failed = {
      group: one.group,
      name: "preparation",
      unit: "s" as const,
      values: [],
      error: firstLine(error),
    };
    return { rows: [failed], ready: false };
  }
}

/** What cases share, removed after the last of them. */
export interface Shared {
  remove: () => Promise<void>;
}

/**
 * Prepares the cases, measures all their series round by round (so that a machine that is slower for a while is so
 * for all of them), and cleans up whatever happened. A series that failed once is not tried again.
 */
export async function measure(
  cases: readonly Case[],
  rounds: number,
  log: Log,
  shared: readonly Shared[] = [],
  stop?: AbortSignal,
): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    const repeated: [Series, Row][] = [];
    for (const one of cases) {
      stop?.throwIfAborted();
      const { rows: once, ready } = await prepared(one, log, stop);
      rows.push(...once);
      for (const series of one.series) {
        const row: Row = {
          group: one.group,
          name: series.name,
          unit: series.unit,
          values: [],
          note: series.note,
        };
        rows.push(row);
        if (ready) {
          repeated.push([series, row]);
        } else {
          row.error = "its preparation failed";
        }
      }
    }
    for (let round = 1; round <= rounds; round++) {
      for (const [series, row] of repeated) {
        stop?.throwIfAborted();
        if (row.error === undefined) {
          await measureOnce(series, row, round, log);
        }
      }
    }
  } finally {
    const endings: [string, () => Promise<void>][] = [
      ...[...cases].reverse().map((one): [string, () => Promise<void>] => [one.group, () => one.cleanUp()]),
      ...shared.map((one): [string, () => Promise<void>] => ["all", () => one.remove()]),
    ];
    for (const [group, end] of endings) {
      await end().catch((error: unknown) => {
        log(`${group}: cleaning up: ${String(error)}`);
        rows.push({ group, name: "cleaning up", unit: "s", values: [], error: firstLine(error) });
      });
    }
  }
  return rows;
}

async function measureOnce(series: Series, row: Row, round: number, log: Log): Promise<void> {
  try {
    const value = await series.measure(round);
    row.values.push(value);
    row.note = series.note;
    log(`round ${round}: ${row.group}: ${series.name}: ${value.toFixed(2)} ${series.unit}`);
  } catch (error) {
    row.error = firstLine(error);
    log(`round ${round}: ${row.group}: ${series.name}: ${String(error)}`);
  }
}
