import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataDirectory } from "../../components/shell/dataDirectory";
import { pulumi } from "./stack";
import { StackState } from "./state";

const writeState = (file: string, state: StackState): void => {
  writeFileSync(file, JSON.stringify(state, undefined, 2), { mode: 0o600 });
};

/** Keeps a state as it is, beside the default backend, and says how it comes back. */
export function keepState(stack: string, state: StackState): void {
  const directory = join(dataDirectory(), "backups");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const time = new Date().toISOString().replace(/[:.]/g, "-");
  const file = join(directory, `${stack.replaceAll("/", "-")}-${time}.json`);
  writeState(file, state);
  console.error(`the state as it was is kept: pulumi stack import --stack ${stack} --file ${file}`);
}

/** Makes this the stack's state. */
export function importState(stack: string, state: StackState): void {
  const directory = mkdtempSync(join(tmpdir(), "hypha-state-"));
  try {
    const file = join(directory, "state.json");
    writeState(file, state);
    pulumi(["stack", "import", "--stack", stack, "--file", file]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
