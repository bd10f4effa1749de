import * as os from "os";

/** Milliseconds of all processors since the machine started. */
export interface ProcessorTimes {
  idle: number;
  total: number;
}

export function processorTimes(cpus: readonly Pick<os.CpuInfo, "times">[] = os.cpus()): ProcessorTimes {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    idle: sum(cpus.map(({ times }) => times.idle)),
    total: sum(cpus.map(({ times }) => sum(Object.values(times)))),
  };
}

/** The share of the processors' time between two looks that was not idle, from 0 to 1. */
export function busyShare(before: ProcessorTimes, after: ProcessorTimes): number {
  const total = after.total - before.total;
  return total === 0 ? 0 : 1 - (after.idle - before.idle) / total;
}
