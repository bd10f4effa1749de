import { connectionAims, fleetAims, hostAims, reliabilityAims } from "./hostAims";
import { medianOf, Row } from "./rows";

/** A figure set beside what the project aims at. */
export interface Comparison {
  name: string;
  /** How the two medians were set against each other, with the numbers. */
  shown: string;
  ratio?: number;
  /** As the reader sees it. */
  aim: string;
  /** Undefined where a figure is missing. */
  met?: boolean;
}

interface Aim {
  name: string;
  aim: string;
  /** Group and name of the figure above the line and of the one below it. */
  above: [string, string];
  below: [string, string];
  meets: (ratio: number) => boolean;
}

const atMost = (limit: number) => ({ aim: `≤ ${limit}`, meets: (ratio: number) => ratio <= limit });
const atLeast = (limit: number) => ({ aim: `≥ ${limit}`, meets: (ratio: number) => ratio >= limit });
const over = (limit: number) => ({ aim: `> ${limit}`, meets: (ratio: number) => ratio > limit });

/** One host against one host: Hypha's stack has one. Each peer checks 17 operations there, Hypha its whole stack. */
const aims: Aim[] = [
  {
    name: "no-op up / empty program",
    above: ["vps", "no-op up"],
    below: ["floor", "no-op up"],
    ...atMost(1.6),
  },
  {
    name: "no-op preview / empty program",
    above: ["vps", "no-op preview"],
    below: ["floor", "no-op preview"],
    ...atMost(1.6),
  },
  {
    name: "pyinfra / no-op up, one host",
    above: ["peers", "pyinfra, 1 host"],
    below: ["vps", "no-op up"],
    ...over(1),
  },
  {
    name: "ansible / no-op up, one host",
    above: ["peers", "ansible, 1 host"],
    below: ["vps", "no-op up"],
    ...atLeast(5),
  },
];

const seconds = (value: number) => `${value.toFixed(2)} s`;

function compare(rows: readonly Row[], { name, aim, above, below, meets }: Aim): Comparison {
  const top = medianOf(rows, ...above);
  const bottom = medianOf(rows, ...below);
  if (top === undefined || bottom === undefined) {
    return { name, aim, shown: "not measured" };
  }
  const ratio = top / bottom;
  return { name, aim, shown: `${seconds(top)} / ${seconds(bottom)}`, ratio, met: meets(ratio) };
}

/** The change of one service may cost the floor and 1.2 times what the engine takes for the same change by hand. */
function oneServiceChange(rows: readonly Row[]): Comparison {
  const name = "one-service change / (floor + 1.2 × by hand)";
  const aim = "≤ 1";
  const hypha = medianOf(rows, "change", "up with one changed variable");
  const byHand = medianOf(rows, "change", "docker service update by hand");
  const floor = medianOf(rows, "floor", "no-op up");
  if (hypha === undefined || byHand === undefined || floor === undefined) {
    return { name, aim, shown: "not measured" };
  }
  const ratio = hypha / (floor + 1.2 * byHand);
  const shown = `${seconds(hypha)} / (${seconds(floor)} + 1.2 × ${seconds(byHand)})`;
  return { name, aim, shown, ratio, met: ratio <= 1 };
}

export function comparisons(rows: readonly Row[]): Comparison[] {
  return [
    ...aims.map((aim) => compare(rows, aim)),
    oneServiceChange(rows),
    ...connectionAims(rows),
    ...hostAims(rows),
    ...fleetAims(rows),
    ...reliabilityAims(rows),
  ];
}
