import { execFile } from "child_process";
import { shellQuote } from "../shell/quote";
import { Channel, dockerHost, sshDestination } from "./channel";

/** What a command said, standard output and error together, and how it ended. */
export interface CommandResult {
  output: string;
  code: number;
}

/** The argument vector that runs `docker` on a host's engine: here, or through SSH. */
export function dockerArgv(channel: Channel, args: string[]): string[] {
  if (channel.kind === "local") {
    return ["docker", "--host", dockerHost(channel), ...args];
  }
  return ["ssh", ...sshDestination(channel.endpoint), "--", shellQuote(["docker", ...args])];
}

/** Runs `docker` on a host's engine for at most `timeoutSeconds`; never throws. */
export function dockerCommand(channel: Channel, args: string[], timeoutSeconds = 30): Promise<CommandResult> {
  const [file = "docker", ...rest] = dockerArgv(channel, args);
  return new Promise((resolve) => {
    execFile(file, rest, { timeout: timeoutSeconds * 1000, maxBuffer: 8 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      const said = stdout + stderr;
      resolve({ output: said === "" && error !== null ? error.message : said, code });
    });
  });
}
