import { readFileSync, writeFileSync } from "fs";
import { HostReport } from "./lib/doctor";
import { driftReport } from "./lib/driftReport";
import { Preview } from "./lib/preview";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: driftReport --doctor FILE --preview FILE --verdict FILE [--run URL]
What doctor --json and pulumi preview --json found, as the Markdown of an issue; the verdict (clean, drift, unknown) goes
to a file of its own. Names what differs and shows no differences. STACK names the stack.
Exit code 1: something could not be looked at.`;

/** What a tool printed; undefined where it failed before it printed anything. */
function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

runTool(usage, (args) => {
  const { values } = parseArguments(args, {
    flags: [],
    values: ["--doctor", "--preview", "--verdict", "--run"],
  });
  const [doctor, preview, verdictFile] = ["--doctor", "--preview", "--verdict"].map((name) =>
    values.get(name),
  );
  const stack = process.env["STACK"];
  if (doctor === undefined || preview === undefined || verdictFile === undefined || !stack) {
    throw new ToolError("driftReport needs --doctor, --preview, --verdict and STACK; see --help");
  }
  const hosts = (read(doctor) as { hosts: HostReport[] } | undefined)?.hosts;
  const when = new Date().toISOString().replace(/\.\d+/, "");
  const { verdict, text } = driftReport(hosts, read(preview) as Preview | undefined, {
    stack,
    when,
    run: values.get("--run"),
  });
  writeFileSync(verdictFile, `${verdict}\n`);
  process.stdout.write(text);
  const blind = hosts?.some(({ problems }) => problems.length > 0) ?? true;
  return verdict === "unknown" || blind ? 1 : 0;
});
