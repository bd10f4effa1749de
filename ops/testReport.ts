import { existsSync, readFileSync } from "fs";
import { join } from "path";
import { countChecks, countJest, formatReport, JestResult, Stage } from "./lib/testReport";
import { runTool } from "./lib/tool";

const usage = `usage: testReport DIRECTORY [--json]
Counts what ops/test.sh left in its directory: stages.tsv (name, exit code, seconds), and per stage NAME.json from
jest or else NAME.log with check lines. Exit code 1 when anything failed.`;

function readStage(directory: string, line: string): Stage {
  const [name = "", exitCode = "", seconds = ""] = line.split("\t");
  const result = join(directory, `${name}.json`);
  const code = Number(exitCode);
  const count =
    name === "lint"
      ? countChecks(readFileSync(join(directory, "lint.log"), "utf8"), code)
      : countJest(
          existsSync(result) ? (JSON.parse(readFileSync(result, "utf8")) as JestResult) : undefined,
          code,
        );
  return { name, seconds: Number(seconds), ...count };
}

runTool(usage, ([directory = "build/test", format]) => {
  const lines = readFileSync(join(directory, "stages.tsv"), "utf8").trim().split("\n");
  const stages = lines.filter((line) => line !== "").map((line) => readStage(directory, line));
  console.log(format === "--json" ? JSON.stringify(stages, undefined, 2) : formatReport(stages));
  return stages.some(({ failed }) => failed > 0) ? 1 : 0;
});
