import { table } from "../shell/table";
import { Disk, HostFacts } from "./facts";

const gib = (mib: number): string => `${(mib / 1024).toFixed(mib < 10 * 1024 ? 1 : 0)} GiB`;
const disk = ({ device, sizeMiB, rotational }: Disk): string =>
  `${device} ${gib(sizeMiB)}${rotational ? " rotational" : ""}`;
const list = (texts: readonly string[]): string => texts.join(", ") || "-";

/** The fleet as the lines of a table: a heading and, sorted by name, one row per host. */
export function fleetTable(facts: Readonly<Record<string, HostFacts>>): string[] {
  const heading = [
    ...["HOST", "ENVIRONMENT", "CPUS", "MEMORY", "FREE", "DISKS", "SYSTEM", "MACHINE"],
    ...["PUBLIC", "PRIVATE", "OVERLAY", "MEASURED", "STATE"],
  ];
  const rows = Object.entries(facts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, host]) => [
      name,
      `${host.environment.kind} ${host.environment.confidence}`,
      String(host.cpus),
      gib(host.memoryMiB),
      `${gib(host.diskFreeMiB)} of ${gib(host.diskMiB)}`,
      list(host.disks.map(disk)),
      host.os,
      `${host.architecture} ${host.virtualisation}`,
      list(host.publicAddresses),
      list(host.privateAddresses),
      list(host.overlayAddresses),
      host.detectedAt,
      host.warnings.length === 0 ? "ok" : host.warnings.join("; "),
    ]);
  return table([heading, ...rows]).split("\n");
}
