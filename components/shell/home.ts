import { homedir } from "os";
import * as path from "path";

/** `~/…` made absolute; anything else as it is. Paths stay unexpanded in inputs: the state is one for all operators. */
export function expandHome(file: string): string {
  return file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : file;
}
