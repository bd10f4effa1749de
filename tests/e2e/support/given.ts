import * as fs from "fs";
import * as os from "os";
import * as path from "path";

/** The programs that Debian has not, where the environment names them. */
export const real = {
  /** The executable. */
  loki: process.env["HYPHA_LOKI"],
  /** The executable. */
  alloy: process.env["HYPHA_ALLOY"],
  /** A directory with bin, conf and public. */
  grafana: process.env["HYPHA_GRAFANA"],
};
const made: string[] = [];

/** Files that hold one program, as a source takes them. */
function artifacts(program: string, file: string): object {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), `hypha-${program}-`));
  made.push(directory);
  fs.copyFileSync(file, path.join(directory, program));
  fs.chmodSync(path.join(directory, program), 0o755);
  return { kind: "artifacts", path: directory };
}

const source = (program: "loki" | "alloy") => {
  const file = real[program];
  return { source: file === undefined ? { kind: "sample" } : artifacts(program, file) };
};

/** The sections `logs` and `grafana`: what is not named is a sample or a stand-in, which takes its settings from the same files. */
export function given() {
  return {
    logs: { loki: source("loki"), alloy: source("alloy") },
    grafana: {
      source: { kind: "artifacts", path: real.grafana ?? path.join(__dirname, "..", "fixtures", "grafana") },
    },
  };
}

/** Removes the files that were made for `given`. */
export function removeGiven(): void {
  made.splice(0).forEach((directory) => {
    fs.rmSync(directory, { recursive: true });
  });
}
