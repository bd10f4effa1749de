import { spawn } from "child_process";
import { sshTarget } from "../components/host/access";
import { observer, Page, pages } from "./lib/observer";
import { stackHosts, stackName } from "./lib/stack";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: metrics [--port N] [--json]
Prometheus, Grafana, Loki and Alertmanager in your browser, through SSH, until you stop it: those that the stack has.
They listen on no address of the host. Prometheus is at http://localhost:N, 9090 unless told otherwise, Grafana one port
above, Loki two, Alertmanager three. Grafana's password: pulumi stack output grafana --show-secrets.
--json prints where they answer on the host that watches instead. STACK names the stack (default: the selected one).`;

runTool(usage, (args) => {
  const { flags, values } = parseArguments(args, { flags: ["--json"], values: ["--port"] });
  const first = Number(values.get("--port") ?? pages.prometheus.port);
  if (!Number.isInteger(first) || first < 1 || first > 65_532) {
    throw new ToolError(`--port ${values.get("--port")}: give a number from 1 to 65532`);
  }
  const stack = stackName();
  const { host, addresses } = observer(stackHosts(stack), stack);
  if (flags.has("--json")) {
    console.log(JSON.stringify({ host: host.name, ...addresses }, undefined, 2));
    return 0;
  }
  const found = Object.entries(addresses) as [Page, string][];
  const target = sshTarget(host);
  if (target === undefined) {
    console.log(found.map(([page, address]) => `${page}: http://${address}`).join("\n"));
    return 0;
  }
  const local = found.map(([page, address]) => ({ page, address, port: first + pages[page].above }));
  console.log(local.map(({ page, port }) => `${page}: http://localhost:${port}`).join("\n"));
  const forwards = local.flatMap(({ port, address }) => ["-L", `127.0.0.1:${port}:${address}`]);
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
