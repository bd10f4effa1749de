import { HostConfig, StackConfig } from "../../components/config/schema";
import { Check } from "./checks";
import { firstContact, Ran, run } from "./firstContact";
import { reach } from "./reach";

/** Free and whole size in KiB of where the engine keeps its data, the share of used inodes, and the time in seconds. */
const measure =
  'd=/var/lib/docker; [ -d "$d" ] || d=/var; df -Pk "$d" | awk \'NR == 2 { print $4, $2 }\'; ' +
  "df -Pi \"$d\" | awk 'NR == 2 { print $5 }'; date +%s";

const refusedMiB = 512;
const refusedInodes = 98;
/** The same as a new host's preflight allows. */
const refusedSeconds = 300;

/**
 * Every host at once: whether it can be logged in to, what is free on its disk, and whether its clock is this machine's.
 * One of several that cannot be reached stops no other, unless the others are spoken to through it.
 */
export async function hostChecks({ hosts, cluster }: StackConfig): Promise<Check[]> {
  const [reached, measured] = await Promise.all([
    reach(hosts),
    Promise.all(Object.values(hosts).map((host) => run(firstContact(host, ["sh", "-c", measure])))),
  ]);
  return Object.entries(hosts).map(([name, host], index) =>
    hostCheck(name, host, reached[index]?.problem, measured[index], name === cluster.first),
  );
}

/** What a host's answer means, which came `now`, in milliseconds. */
export function hostCheck(
  name: string,
  host: HostConfig,
  unreachable: string | undefined,
  ran: Ran | undefined,
  first: boolean,
  now = Date.now(),
): Check {
  const named = `host ${name}`;
  if (unreachable !== undefined || ran === undefined || ran.code === 255) {
    const what = `cannot be reached: ${unreachable ?? ran?.problem ?? "no answer"}`;
    const mend = `check that it runs, and hypha:hosts.${name}`;
    return first
      ? {
          name: named,
          verdict: "FAILED",
          what,
          fix: `${mend}; or name another manager as hypha:cluster.first`,
        }
      : { name: named, verdict: "warn", what, fix: `${mend}; the other hosts are deployed without it` };
  }
  const [sizes = "", inodes = "", time = ""] = ran.output.trim().split("\n");
  const [free = NaN, whole = NaN] = sizes.split(" ").map((text) => Number(text) / 1024);
  if (ran.code !== 0 || !(whole > 0)) {
    return { name: named, verdict: "warn", what: `its disk could not be measured: ${ran.problem}` };
  }
  const used = Number(inodes.replace("%", "")) || 0;
  const what = `reachable; ${sizeOf(free)} of ${sizeOf(whole)} free`;
  const ahead = Math.round(Number(time) - now / 1000);
  if (Math.abs(ahead) > refusedSeconds) {
    return {
      name: named,
      verdict: "FAILED",
      what: `reachable; its clock is ${Math.abs(ahead)} s ${ahead < 0 ? "behind" : "ahead of"} this machine's`,
      fix: "set the wrong one of the two, for example with: timedatectl set-ntp true",
    };
  }
  const fix = "free some: old images go by hypha:images.keep, logs by journalctl --vacuum-size";
  if (free < refusedMiB || used > refusedInodes) {
    const why = used > refusedInodes ? `${used}% of the inodes are used` : `${refusedMiB} MiB are needed`;
    return { name: named, verdict: "FAILED", what: `${what}: ${why}`, fix };
  }
  const wanted = host.kind === "vps" ? host.minimum.diskGiB * 1024 : 1024;
  return free < wanted
    ? {
        name: named,
        verdict: "warn",
        what: `${what}, less than a new host must have (${sizeOf(wanted)})`,
        fix,
      }
    : { name: named, verdict: "ok", what };
}

const sizeOf = (mebibytes: number): string =>
  mebibytes < 1024 ? `${Math.floor(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
