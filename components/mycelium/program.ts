import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { expandHome } from "../shell/home";

/** The Mycelium executable: a file of this machine, or a release of the project for the host's architecture. */
export type Program =
  | { kind: "file"; path: string }
  | { kind: "release"; version: string; sha256: { x86_64?: string; aarch64?: string } };

export const fileDigest = (file: string): string =>
  createHash("sha256").update(readFileSync(file)).digest("hex");

/** Address of a release's archive, which holds the one file `mycelium`. */
export function releaseUrl(version: string, architecture: string): string {
  const project = "https://github.com/threefoldtech/mycelium";
  return `${project}/releases/download/v${version}/mycelium-${architecture}-unknown-linux-musl.tar.gz`;
}

/** What the scripts are told; what does not apply is empty. */
export interface ProgramVariables {
  /**
   * Name it is installed under: 12 hex digits of a SHA-256, of the file itself or of the release's archive. Empty
   * where the release's is not known for the architecture.
   */
  PROGRAM: string;
  PROGRAM_FILE: string;
  PROGRAM_URL: string;
  PROGRAM_SHA256: string;
  ARCHITECTURE: string;
}

export function programVariables(program: Program, architecture: string): ProgramVariables {
  if (program.kind === "file") {
    const digest = fileDigest(path.resolve(expandHome(program.path)));
    return {
      PROGRAM: digest.slice(0, 12),
      PROGRAM_FILE: program.path,
      PROGRAM_URL: "",
      PROGRAM_SHA256: digest,
      ARCHITECTURE: architecture,
    };
  }
  const sums = new Map(Object.entries(program.sha256));
  const digest = sums.get(architecture) ?? "";
  return {
    PROGRAM: digest.slice(0, 12),
    PROGRAM_FILE: "",
    PROGRAM_URL: releaseUrl(program.version, architecture),
    PROGRAM_SHA256: digest,
    ARCHITECTURE: architecture,
  };
}
