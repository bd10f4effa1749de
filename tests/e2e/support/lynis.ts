import * as fs from "fs";
import * as path from "path";
import { LabVps } from "./lab";
import { projectRoot } from "./stack";

/** What lynis, run in a server, gives it of 100, and the ids of what it still suggests or warns of. */
export async function lynis(vps: LabVps): Promise<{ index: number; left: string[] }> {
  await vps.exec("lynis audit system --quick --quiet --no-colors >/dev/null 2>&1 || true");
  const report = await vps.exec("cat /var/log/lynis-report.dat");
  const ids = [...report.matchAll(/^(?:suggestion|warning)\[\]=([^|]+)\|/gm)].map(([, id = ""]) => id);
  // The age of lynis itself, and upgrades that the mirror has since the image was made.
  const timely = ["LYNIS", "PKGS-7392"];
  return {
    index: Number(/^hardening_index=(\d+)$/m.exec(report)?.[1]),
    left: [...new Set(ids)].filter((id) => !timely.includes(id)).sort(),
  };
}

export const installLynis = (vps: LabVps) =>
  vps.exec("apt-get update -qq && apt-get install -y -qq --no-install-recommends lynis >/dev/null 2>&1");

/** Ids in the table of docs/hardening.md that says what lynis still finds, and why; of a virtual machine without those of containers. */
export function documented(kind: "container" | "vm"): string[] {
  const text = fs.readFileSync(path.join(projectRoot, "docs", "hardening.md"), "utf8");
  const table = text.slice(text.indexOf("## What lynis says"));
  const rows = [...table.matchAll(/^\| ([A-Z]+-\d{4}(?:, [A-Z]+-\d{4})*) +\| (.*)$/gm)];
  return rows
    .filter(([, , reason = ""]) => kind === "container" || !reason.startsWith("_lab_"))
    .flatMap(([, cell = ""]) => cell.split(", "))
    .sort();
}
