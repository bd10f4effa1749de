import * as readline from "readline";
import { containerOf } from "./lib/services";
import { docker, stackHosts, stackName } from "./lib/stack";
import { runTool, ToolError } from "./lib/tool";

const usage = `usage: user add NAME [--admin]
Makes a Matrix user of the stack; registration by themselves is closed to people. Asks for the password on a terminal,
else reads it as the first line of standard input. STACK names the stack (default: the selected one).`;

/** The first line of standard input; on a terminal it is asked for and not shown. */
async function readPassword(name: string): Promise<string> {
  const terminal = process.stdin.isTTY;
  if (terminal) {
    process.stderr.write(`Password for ${name}: `);
  }
  // Without an output the interface echoes nothing, and a terminal in raw mode neither.
  const lines = readline.createInterface({ input: process.stdin, terminal });
  for await (const line of lines) {
    lines.close();
    if (terminal) {
      process.stderr.write("\n");
    }
    return line;
  }
  return "";
}

runTool(usage, async ([verb, name = "", ...rest]) => {
  if (verb !== "add" || !/^[a-z0-9._=/-]+$/.test(name) || rest.some((flag) => flag !== "--admin")) {
    throw new ToolError(`user add NAME [--admin]: NAME is made of a-z, 0-9 and . _ = / -; see --help`);
  }
  const stack = stackName();
  const { host, container } = containerOf(stackHosts(stack), `hypha-${stack}-homeserver`);
  const password = await readPassword(name);
  if (password.length < 8) {
    throw new ToolError("the password is shorter than 8 characters: give a longer one");
  }
  const register = ["register_new_matrix_user", "--config", "/etc/synapse/homeserver.yaml", "--user", name];
  const rights = rest.includes("--admin") ? "--admin" : "--no-admin";
  const words = [...register, rights, "--password-file", "/dev/stdin", "http://127.0.0.1:8008"];
  docker(host, ["exec", "--interactive", container, ...words], `${password}\n`);
  console.log(`user ${name} is made`);
  return 0;
});
