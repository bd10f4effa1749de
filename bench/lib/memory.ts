import * as fs from "fs";

interface Process {
  pid: number;
  parent: number;
  name: string;
  kiB: number;
}

/** Reads one process; undefined when it has gone, or has no memory left. */
function read(pid: number): Process | undefined {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1];
    const resident = field("VmRSS");
    return resident === undefined
      ? undefined
      : { pid, parent: Number(field("PPid")), name: field("Name") ?? "", kiB: Number.parseInt(resident) };
  } catch {
    return undefined;
  }
}

/** A process and all below it, as they are now. */
export function family(root: number): Process[] {
  const all = fs
    .readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => read(Number(entry)))
    .filter((process) => process !== undefined);
  const members = new Set([root]);
  // A child's id may be below its parent's, so go over the list until nothing is added.
  for (let before = 0; before !== members.size;) {
    before = members.size;
    for (const { pid, parent } of all) {
      if (members.has(parent)) {
        members.add(pid);
      }
    }
  }
  return all.filter(({ pid }) => members.has(pid));
}

export interface Peak {
  /** Resident memory of all processes together at its highest; pages they share count once for each. */
  totalMiB: number;
  /** The highest of any one process. */
  largestMiB: number;
  largestName: string;
}

/** Watches a process and all below it until `ended` settles. */
export async function peakMemory(
  root: number,
  ended: Promise<unknown>,
  everyMilliseconds = 50,
): Promise<Peak> {
  const peak: Peak = { totalMiB: 0, largestMiB: 0, largestName: "" };
  const sample = () => {
    const members = family(root);
    peak.totalMiB = Math.max(peak.totalMiB, members.reduce((sum, { kiB }) => sum + kiB, 0) / 1024);
    for (const { name, kiB } of members) {
      if (kiB / 1024 > peak.largestMiB) {
        peak.largestMiB = kiB / 1024;
        peak.largestName = name;
      }
    }
  };
  sample();
  const timer = setInterval(sample, everyMilliseconds);
  try {
    await ended;
  } finally {
    clearInterval(timer);
  }
  return peak;
}
