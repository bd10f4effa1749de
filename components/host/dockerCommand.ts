import { execFile } from "child_process";
import { shellQuote } from "../shell/quote";
import { dockerArgv, sshTarget } from "./access";
import { Channel, hostAccess } from "./channel";

/** What a command said, standard output and error together, and how it ended. */
export interface CommandResult {
  output: string;
  code: number;
}

function run(file: string, args: string[], timeoutSeconds: number): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: timeoutSeconds * 1000, maxBuffer: 8 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      const said = stdout + stderr;
      resolve({ output: said === "" && error !== null ? error.message : said, code });
    });
  });
}

/** Runs `docker` on a host's engine for at most `timeoutSeconds`; never throws. */
export function dockerCommand(channel: Channel, args: string[], timeoutSeconds = 30): Promise<CommandResult> {
  return run(...dockerArgv(hostAccess(channel), args), timeoutSeconds);
}

/** Runs a program on a host as the account of its engine, for at most `timeoutSeconds`; never throws. */
export function hostCommand(channel: Channel, words: string[], timeoutSeconds = 30): Promise<CommandResult> {
  const target = sshTarget(hostAccess(channel));
  const [program = "true", ...args] = words;
  return target === undefined
    ? run(program, args, timeoutSeconds)
    : run("ssh", [...target, "--", shellQuote(words)], timeoutSeconds);
}
