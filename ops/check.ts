import { ConfigError } from "../components/config/load";
import { Check, formatChecks, passed } from "./lib/checks";
import { runEngine } from "./lib/engineRun";
import { describeOwner, lockOwner, lockPlace } from "./lib/lock";
import { outputsNow } from "./lib/deploy";
import { checkTree, preflight } from "./lib/preflight";
import { stackName } from "./lib/stack";
import { stackFileConfig, stackFileName } from "./lib/stackFile";
import { parseArguments, runTool } from "./lib/tool";

const usage = `usage: check [--config-file FILE] [--json]
Everything that make up looks at before it changes anything: the configuration, the git tree, every host (reachable, free
disk), the lock, the site's certificate, what would change and whether that can be undone. Changes nothing. STACK names
the stack (default: the selected one). ALLOW_DIRTY=1 and ALLOW_DATA_CHANGE=1 let through what is refused otherwise.
Exit code 0: a deployment may begin; 1: not.`;

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, { flags: ["--json"], values: ["--config-file"] });
  const stack = stackName();
  const checks = await look(stack, values.get("--config-file"));
  console.log(flags.has("--json") ? JSON.stringify({ stack, checks }, undefined, 2) : formatChecks(checks));
  return passed(checks) ? 0 : 1;
});

async function look(stack: string, configFile: string | undefined): Promise<Check[]> {
  const name = "configuration";
  try {
    const config = stackFileConfig(configFile ?? stackFileName(stack));
    const options = configFile === undefined ? [] : ["--config-file", configFile];
    const preview = () => runEngine("preview", ["--stack", stack, ...options], { display: "ignore" });
    const [{ checks }, lock] = await Promise.all([
      preflight({ stack, config, outputs: outputsNow(stack), preview, tree: checkTree(stack, config) }),
      lockOwner(lockPlace(stack, config)).then(
        (owner): Check =>
          owner === undefined
            ? { name: "lock", verdict: "ok", what: "free" }
            : {
                name: "lock",
                verdict: "FAILED",
                what: `held: ${describeOwner(owner)}`,
                fix: "wait for its end",
              },
        (error: unknown): Check => ({
          name: "lock",
          verdict: "warn",
          what: String(error).replace(/^Error: /, ""),
        }),
      ),
    ]);
    return [{ name, verdict: "ok", what: "complete" }, lock, ...checks];
  } catch (error) {
    if (error instanceof ConfigError) {
      return [{ name, verdict: "FAILED", what: error.message, fix: "docs/configuration.md has every key" }];
    }
    throw error;
  }
}
