import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** Where `ops/toolchain.sh tools` puts what it fetches or builds. */
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "hypha", "bin");

/** A tool's path, or undefined where it is not to be had. */
export function toolPath(name: string): string | undefined {
  return [...(process.env["PATH"] ?? "").split(delimiter), cache]
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
}

/**
 * Tests that need a tool: where it is missing they are skipped, and their title says why; in CI, which has fetched it
 * before, that is a failure.
 */
export function withTool(name: string, title: string, body: (path: string) => void): void {
  const path = toolPath(name);
  if (path !== undefined) {
    test(title, () => {
      body(path);
    });
  } else if (process.env["CI"] === undefined) {
    test.skip(`${title} (skipped: ${name} is not installed, ops/toolchain.sh tools fetches it)`, () =>
      undefined);
  } else {
    test(title, () => {
      throw new Error(`${name} is not installed, and ops/toolchain.sh tools did not fetch it`);
    });
  }
}
