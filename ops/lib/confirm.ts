import * as readline from "readline/promises";
import { ToolError } from "./tool";

/** The operator already agreed (`--yes`, YES=1, or CI, which has nobody to ask). */
export function agreed(flags: ReadonlySet<string>): boolean {
  return flags.has("--yes") || process.env["YES"] === "1" || process.env["CI"] === "true";
}

/** Refuses to go on where nobody agreed and nobody can be asked. */
export function askable(flags: ReadonlySet<string>): void {
  if (!agreed(flags) && !process.stdin.isTTY) {
    throw new ToolError(
      "nobody agreed to the change, and there is no terminal to ask on\nRun: make up YES=1 (or redeploy, unlock … YES=1)",
    );
  }
}

/** Whether the terminal's answer is yes. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y/i.test(await terminal.question(`${question} [y/N] `));
  } finally {
    terminal.close();
  }
}
