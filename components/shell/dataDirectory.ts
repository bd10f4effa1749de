import * as os from "os";
import * as path from "path";

/** Where this machine keeps what is its own of every stack: as ops/env.sh sets it. */
export function dataDirectory(): string {
  const share = process.env["XDG_DATA_HOME"] || path.join(os.homedir(), ".local", "share");
  return process.env["HYPHA_DATA"] || path.join(share, "hypha");
}
