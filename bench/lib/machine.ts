import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";

function said(file: string, args: string[]): string {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
}

/** What the figures depend on. */
export function machine(): Record<string, string> {
  const { model } = os.cpus()[0] ?? { model: "unknown" };
  const release = /^PRETTY_NAME="?([^"\n]*)/m.exec(fs.readFileSync("/etc/os-release", "utf8"))?.[1];
  return {
    processor: `${os.availableParallelism()} × ${model}`,
    memory: `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${release ?? "unknown"}, kernel ${os.release()}`,
    "load average before": os
      .loadavg()
      .map((load) => load.toFixed(1))
      .join(", "),
    node: process.version,
    pulumi: said("pulumi", ["version"]),
    docker: said("docker", ["version", "--format", "{{.Server.Version}}"]),
    commit: said("git", ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]),
  };
}
