import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { parse } from "yaml";

const root = path.join(__dirname, "..", "..");
const project = (...file: string[]) =>
  parse(fs.readFileSync(path.join(root, ...file), "utf8")) as { runtime: { options: { nodeargs: string } } };

/** What a program prints that Node runs in the project's directory with the project's own options. */
function run(source: string, env: NodeJS.ProcessEnv = {}): string {
  const { nodeargs } = project("Pulumi.yaml").runtime.options;
  return execFileSync("node", [...nodeargs.split(" "), "-e", source], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "", ...env },
  }).trim();
}

test("an error with a message is shown as ts-node shows it, a bare one without its source maps", () => {
  const source = `
    Error.prepareStackTrace = (error, frames) => "mapped " + frames.length;
    console.log(new Error("what went wrong").stack);
    console.log(new Error().stack.split("\\n")[0], new Error().stack.split("\\n").length);`;
  expect(run(source)).toBe("mapped 2\nError 3");
});

test("npm's installer is loaded when it is used, and not before", () => {
  const source = `
    require("@pulumi/pulumi");
    const loaded = () => Object.keys(require.cache).some((file) => file.includes("arborist/lib"));
    console.log(loaded(), typeof require("@npmcli/arborist").Arborist, loaded());`;
  expect(run(source)).toBe("false function true");
});

test("messages for debugging are left out unless asked for; others are not", () => {
  const source = `
    require("@pulumi/pulumi/runtime/settings").excessiveDebugOutput = true;
    const log = require("@pulumi/pulumi/log");
    log.debug("what it does");
    log.info("what it says");`;
  expect(run(source, { HYPHA_DEBUG: "" })).toBe("info: [runtime] what it says");
  expect(run(source, { HYPHA_DEBUG: "1" })).toBe(
    "debug: [runtime] what it does\ninfo: [runtime] what it says",
  );
});

test("the benchmark's program has the options of the real one", () => {
  const own = project("bench", "program", "Pulumi.yaml").runtime.options.nodeargs;
  expect(own).toBe(project("Pulumi.yaml").runtime.options.nodeargs.replace("./", "../../"));
});
