import { execFile } from "child_process";
import { dockerArgv } from "./access";
import { Channel, hostAccess } from "./channel";

/** What a command said, standard output and error together, and how it ended. */
export interface CommandResult {
  output: string;
  code: number;
}

/** Runs `docker` on a host's engine for at most `timeoutSeconds`; never throws. */
export function dockerCommand(channel: Channel, args: string[], timeoutSeconds = 30): Promise<CommandResult> {
  const [file, rest] = dockerArgv(hostAccess(channel), args);
  return new Promise((resolve) => {
    execFile(file, rest, { timeout: timeoutSeconds * 1000, maxBuffer: 8 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      const said = stdout + stderr;
      resolve({ output: said === "" && error !== null ? error.message : said, code });
    });
  });
}
