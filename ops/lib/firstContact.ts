import { execFile } from "child_process";
import { HostConfig } from "../../components/config/schema";
import { ensureControlDirectory, sshDestination } from "../../components/host/channel";
import { shellQuote } from "../../components/shell/quote";

/**
 * The program and arguments that run a command on a host as the account of the first contact, which is there before any
 * deployment; on this machine where the engine is local. The connection is one of its own, and ends with the program.
 */
export function firstContact(
  host: HostConfig,
  words: readonly string[],
  options: { root?: boolean } = {},
): [string, string[]] {
  if (host.kind === "local") {
    const [program = "true", ...rest] = words;
    return [program, rest];
  }
  const { address, port, user, hostKey, identity } = host;
  ensureControlDirectory();
  const own = ["-o", "ControlMaster=no", "-o", "ControlPath=none"];
  const once = ["-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=1", "-o", "ServerAliveInterval=10"];
  const sudo = options.root === true && user !== "root" ? ["sudo", "-n"] : [];
  const destination = sshDestination({ address, port, user, hostKey, identity });
  return ["ssh", [...own, ...once, ...destination, "--", shellQuote([...sudo, ...words])]];
}

/** How a command ended: its exit code (1 where it could not be run), what it printed, and its last line of errors. */
export interface Ran {
  code: number;
  output: string;
  problem: string;
}

/** Runs a program to its end, for half a minute at most. */
export function run([file, args]: [string, string[]]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 30_000 }, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      const said = errors.trim().split("\n").at(-1);
      resolve({
        code,
        output,
        problem: said || (error?.killed === true ? "no answer within 30 s" : "no answer"),
      });
    });
  });
}
