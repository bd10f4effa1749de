import { Comparison } from "./aims";
import { reliabilityFigures } from "./faultPlan";
import { medianOf, Row, Unit } from "./rows";

/** How a figure of `hosts` begins, like `pyinfra, 8 hosts +50 ms`. */
const subjects = /^hypha, (\d+) hosts?( \+\d+ ms)?, cold$/;

interface Side {
  /** As it is written in the comparison. */
  shown: string;
  value: number | undefined;
}

type Limit = { aim: string; meets: (ratio: number) => boolean };

const atMost = (limit: number): Limit => ({ aim: `≤ ${limit}`, meets: (ratio) => ratio <= limit });
const atLeast = (limit: number): Limit => ({ aim: `≥ ${limit}`, meets: (ratio) => ratio >= limit });
const over = (limit: number): Limit => ({ aim: `> ${limit}`, meets: (ratio) => ratio > limit });

function compare(name: string, above: Side, below: Side, { aim, meets }: Limit): Comparison {
  if (above.value === undefined || below.value === undefined) return { name, aim, shown: "not measured" };
  const ratio = above.value / below.value;
  return { name, aim, shown: `${above.shown} / ${below.shown}`, ratio, met: meets(ratio) };
}

function format(value: number | undefined, unit: Unit): string {
  return value === undefined ? "–" : unit === "s" ? `${value.toFixed(2)} s` : `${value.toFixed(0)} ${unit}`;
}

function figure(rows: readonly Row[], group: string, name: string, unit: Unit = "s"): Side {
  const value = medianOf(rows, group, name);
  return { value, shown: format(value, unit) };
}

const given = (value: number, unit: Unit): Side => ({ value, shown: format(value, unit) });

const times = (count: number, { value, shown }: Side): Side => ({
  shown: `(${count} × ${shown})`,
  value: value === undefined ? undefined : count * value,
});

/** What the preparation of hosts aims at, for the largest number of them that was measured, and without latency and with. */
export function hostAims(rows: readonly Row[]): Comparison[] {
  const measured = rows
    .filter(({ group }) => group === "hosts")
    .flatMap(({ name }) => {
      const [, count, latency = ""] = subjects.exec(name) ?? [];
      return count === undefined ? [] : [{ count: Number(count), latency }];
    });
  const latencies = [...new Set(measured.map(({ latency }) => latency))];
  return latencies.flatMap((latency) => {
    const counts = measured.filter((one) => one.latency === latency).map(({ count }) => count);
    return aimsOf(rows, Math.max(...counts), latency);
  });
}

function aimsOf(rows: readonly Row[], most: number, latency: string): Comparison[] {
  const of = (who: string, count: number, what: string, unit?: Unit) =>
    figure(rows, "hosts", `${who}, ${count} host${count === 1 ? "" : "s"}${latency}, ${what}`, unit);
  const fleet = `${most} host${most === 1 ? "" : "s"}${latency}`;
  const cold = of("hypha", most, "cold");
  const one = of("hypha", 1, "cold");
  const pyinfra = of("pyinfra", most, "no-op");
  const pending = of("hypha", most, "cold: not logged in at once", "connections");
  return [
    ...(most === 1 ? [] : [compare(`cold, ${fleet} / 1 host`, cold, one, atMost(2))]),
    // Fewer than five hosts at once cannot come to a fifth.
    ...(most < 5 ? [] : [compare(`cold, ${fleet} / one after another`, cold, times(most, one), atMost(0.2))]),
    compare(`cold, ${fleet}: hypha / pyinfra`, cold, of("pyinfra", most, "cold"), atMost(1)),
    compare(`cold, ${fleet}: hypha / ansible`, cold, of("ansible", most, "cold"), atMost(1)),
    compare(`no-op, ${fleet}: pyinfra / hypha`, pyinfra, of("hypha", most, "no-op"), over(1)),
    compare(`no-op, ${fleet}: doctor / pyinfra`, of("doctor", most, "no-op"), pyinfra, atMost(1)),
    compare(
      `not logged in at once, ${fleet} / what sshd allows`,
      pending,
      given(10, "connections"),
      atMost(1),
    ),
  ];
}

/** A whole stack's first deployment on one host. */
export function connectionAims(rows: readonly Row[]): Comparison[] {
  if (!rows.some(({ group }) => group === "connections")) return [];
  const pending = figure(rows, "connections", "cold up: not logged in at once", "connections");
  return [
    compare(
      "not logged in at once, cold up / what sshd allows",
      pending,
      given(10, "connections"),
      atMost(1),
    ),
  ];
}

const previewed = /^preview of (\d+) hosts$/;

/** What a plan of a growing fleet aims at. */
export function fleetAims(rows: readonly Row[]): Comparison[] {
  const sizes = rows
    .filter(({ group }) => group === "fleet")
    .flatMap(({ name }) => previewed.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const most = sizes.at(-1);
  if (most === undefined) return [];
  const seconds = (size: number) => figure(rows, "fleet", `preview of ${size} hosts`);
  const memory = figure(rows, "fleet", `preview of ${most} hosts: memory`, "MiB");
  return [
    compare(`preview of ${most} hosts`, seconds(most), given(30, "s"), atMost(1)),
    compare(`preview of ${most} hosts: memory`, memory, given(1024, "MiB"), atMost(1)),
    ...sizes.slice(1).map((size, index) => {
      const before = sizes[index] ?? size;
      const factor = size / before;
      return compare(`preview of ${size} hosts / ${before}`, seconds(size), seconds(before), atMost(factor));
    }),
  ];
}

/** Seed 000's success metrics: shares of the deployments that the case made while faults struck. */
export function reliabilityAims(rows: readonly Row[]): Comparison[] {
  if (!rows.some(({ group }) => group === "reliability")) return [];
  const percent = (name: string, limit: Limit): Comparison =>
    compare(name, figure(rows, "reliability", name, "%"), given(100, "%"), limit);
  return [
    percent(reliabilityFigures.plain, atLeast(0.95)),
    percent(reliabilityFigures.sound, atLeast(0.95)),
    percent(reliabilityFigures.recovered, atLeast(0.9)),
    percent(reliabilityFigures.back, atLeast(0.95)),
    percent(reliabilityFigures.manual, atMost(0)),
  ];
}
