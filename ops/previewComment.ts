import { readFileSync } from "fs";
import { Preview } from "./lib/preview";
import { previewComment } from "./lib/previewComment";
import { parseArguments, runTool, ToolError } from "./lib/tool";
import { gitRevision } from "../components/config/revision";

const usage = `usage: previewComment --preview FILE [--run URL]
What a preview would do, as the Markdown of a comment on a pull request. FILE is what pulumi preview --json printed.
STACK names the stack. No value of any property is shown, but the images of services.`;

/** A Pulumi that failed before it looked at anything has printed nothing here, and said why in its log. */
function read(file: string): Preview {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Preview;
  } catch {
    return { diagnostics: [{ severity: "error", message: "Pulumi ended early: the log says why." }] };
  }
}

runTool(usage, (args) => {
  const { values } = parseArguments(args, { flags: [], values: ["--preview", "--run"] });
  const file = values.get("--preview");
  const stack = process.env["STACK"];
  if (file === undefined || !stack) {
    throw new ToolError("previewComment needs --preview FILE and STACK; see --help");
  }
  const preview = read(file);
  process.stdout.write(
    previewComment(preview, { stack, commit: gitRevision(process.cwd()), run: values.get("--run") }),
  );
  return 0;
});
