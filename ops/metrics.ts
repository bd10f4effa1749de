import { spawn } from "child_process";
import { sshTarget } from "../components/host/access";
import { observer, pages } from "./lib/observer";
import { stackHosts, stackName } from "./lib/stack";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: metrics [--json]
Prometheus and Alertmanager in your browser, through SSH, until you stop it. They listen on no address of the host.
--json prints where they answer on the host that watches instead. STACK names the stack (default: the selected one).`;

runTool(usage, (args) => {
  const { flags } = parseArguments(args, { flags: ["--json"] });
  const stack = stackName();
  const { host, addresses } = observer(stackHosts(stack), stack);
  if (flags.has("--json")) {
    console.log(JSON.stringify({ host: host.name, ...addresses }, undefined, 2));
    return 0;
  }
  const target = sshTarget(host);
  if (target === undefined) {
    console.log(`Prometheus: http://${addresses.prometheus}\nAlertmanager: http://${addresses.alertmanager}`);
    return 0;
  }
  console.log(
    Object.entries(pages)
      .map(([page, port]) => `${page}: http://localhost:${port}`)
      .join("\n"),
  );
  const forwards = Object.entries(pages).flatMap(([page, port]) => [
    "-L",
    `127.0.0.1:${port}:${addresses[page as keyof typeof pages]}`,
  ]);
  // A connection of its own: the shared one would keep the forwards after this ends.
  const own = ["-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes", "-N"];
  return new Promise<number>((resolve, reject) => {
    const child = spawn("ssh", [...own, ...forwards, ...target], { stdio: "inherit" });
    child.on("error", (error) => {
      reject(new ToolError(`ssh could not be started: ${error.message}`));
    });
    child.on("close", (code) => {
      resolve(code ?? 130);
    });
  });
});
