import { table } from "../../components/shell/table";

/** What is counted of one stage. */
export interface StageCount {
  passed: number;
  failed: number;
  skipped: number;
  /** The failed and skipped ones by name; for skipped ones the name or the words behind it hold the reason. */
  failures: string[];
  skips: string[];
}

export interface Stage extends StageCount {
  name: string;
  seconds: number;
}

/** The part of `jest --json` that is counted. */
export interface JestResult {
  numRuntimeErrorTestSuites: number;
  testResults: {
    name: string;
    message: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

const none = (): StageCount => ({ passed: 0, failed: 0, skipped: 0, failures: [], skips: [] });

/** A stage that ended badly with nothing counted as failed still failed once. */
function withExitCode(count: StageCount, exitCode: number): StageCount {
  if (exitCode !== 0 && count.failed === 0) {
    return { ...count, failed: 1, failures: [`exit code ${exitCode} with no failed test: see the log`] };
  }
  return count;
}

/** Counts a jest run; undefined is one that left no result. A file that did not run is one failure. */
export function countJest(result: JestResult | undefined, exitCode: number): StageCount {
  const count = none();
  for (const file of result?.testResults ?? []) {
    if (file.assertionResults.length === 0 && file.status === "failed") {
      count.failed += 1;
      count.failures.push(`${file.name}: did not run: ${file.message.split("\n")[0] ?? ""}`);
    }
    for (const { fullName, status } of file.assertionResults) {
      if (status === "passed") {
        count.passed += 1;
      } else if (status === "failed") {
        count.failed += 1;
        count.failures.push(fullName);
      } else {
        count.skipped += 1;
        count.skips.push(fullName);
      }
    }
  }
  return withExitCode(count, exitCode);
}

/** Counts `check <name> passed | failed | skipped (<reason>)` lines. */
export function countChecks(log: string, exitCode: number): StageCount {
  const count = none();
  for (const [, name = "", verdict, rest = ""] of log.matchAll(
    /^check (\S+) (passed|failed|skipped)(.*)$/gm,
  )) {
    if (verdict === "passed") {
      count.passed += 1;
    } else if (verdict === "failed") {
      count.failed += 1;
      count.failures.push(`${name}${rest}`);
    } else {
      count.skipped += 1;
      count.skips.push(`${name}${rest}`);
    }
  }
  return withExitCode(count, exitCode);
}

const sum = (stages: readonly Stage[], part: "passed" | "failed" | "skipped" | "seconds"): number =>
  stages.reduce((total, stage) => total + stage[part], 0);

/** The table, what failed and was skipped by name, and last the line that counts everything. */
export function formatReport(stages: readonly Stage[]): string {
  const rows = stages.map(({ name, passed, failed, skipped, seconds }) => [
    name,
    String(passed),
    String(failed),
    String(skipped),
    `${seconds.toFixed(1)} s`,
    passed + failed + skipped === 0 ? "has no tests yet" : "",
  ]);
  const named = (word: string, list: (stage: Stage) => string[]): string[] =>
    stages.flatMap((stage) => list(stage).map((what) => `${word} ${stage.name}: ${what}`));
  return [
    table([["stage", "passed", "failed", "skipped", "time", ""], ...rows]),
    ...named("skipped", ({ skips }) => skips),
    ...named("failed", ({ failures }) => failures),
    `${sum(stages, "passed")} passed, ${sum(stages, "failed")} failed, ${sum(stages, "skipped")} skipped`,
  ].join("\n");
}
