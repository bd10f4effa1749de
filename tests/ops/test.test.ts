import * as fs from "fs";
import * as path from "path";
import { Checkout, Finished } from "./checkout";

const root = path.join(__dirname, "..", "..");

/** One file of `jest --json`, a letter per test: passed, failed, or skipped. */
function jestJson(letters: string): string {
  const words: Record<string, string> = { p: "passed", f: "failed", s: "pending" };
  const assertionResults = Array.from(letters, (letter, index) => ({
    fullName: `${words[letter]} test ${index}`,
    status: words[letter],
  }));
  return JSON.stringify({
    testResults: [{ name: "a.test.ts", message: "", status: "passed", assertionResults }],
  });
}

describe("ops/test.sh", () => {
  let checkout: Checkout;

  beforeEach(() => {
    checkout = new Checkout();
    fs.mkdirSync(path.join(checkout.directory, "components/shell"), { recursive: true });
    for (const file of [
      ...["ops/testReport.ts", "ops/lib/testReport.ts", "ops/lib/tool.ts"],
      "components/shell/table.ts",
    ]) {
      fs.copyFileSync(path.join(root, file), path.join(checkout.directory, file));
    }
    fs.mkdirSync(path.join(checkout.directory, "node_modules/.bin"), { recursive: true });
    const tsx = path.join(root, "node_modules/.bin/tsx");
    fs.symlinkSync(tsx, path.join(checkout.directory, "node_modules/.bin/tsx"));
    const runner = [
      'out=$(sed -n "s/.*--outputFile=\\([^ ]*\\).*/\\1/p" <<<"$*")',
      'stage=$(basename "${out:-lint}" .json)',
      '[ ! -e "fake/$stage" ] || { [ -n "$out" ] && cp "fake/$stage" "$out" || cat "fake/$stage"; }',
      'echo "noise of $stage" >&2',
      'grep -q failed "fake/$stage" 2>/dev/null && exit 1 || exit 0',
    ].join("\n");
    checkout.stub("npm", runner);
    checkout.stub("npx", runner);
    checkout.write(
      "fake/lint",
      "check types passed\nchecking\ncheck shfmt skipped (shfmt is not installed)\n",
    );
    checkout.write("fake/unit", jestJson("ppps"));
    checkout.write("fake/images", jestJson(""));
  });
  afterEach(() => {
    checkout.remove();
  });

  const test_ = (...args: string[]): Finished => checkout.run("bash", ["ops/test.sh", "--no-setup", ...args]);
  const lastLine = (result: Finished) => result.stdout.trim().split("\n").at(-1);

  test("counts all stages, names what was skipped and what has no tests", () => {
    const result = test_();
    expect(result.status).toBe(0);
    expect(lastLine(result)).toBe("4 passed, 0 failed, 2 skipped");
    expect(result.stdout).toContain("skipped lint: shfmt (shfmt is not installed)\n");
    expect(result.stdout).toContain("skipped unit: pending test 3\n");
    expect(result.stdout).toMatch(/^images +0 +0 +0 +\d+\.\d s +has no tests yet$/m);
    expect(result.stdout).toMatch(/^unit +3 +0 +1 +\d+\.\d s$/m);
  });

  test("a failed stage does not stop the next, and the exit code is 1", () => {
    checkout.write("fake/unit", jestJson("pf"));
    checkout.write("fake/e2e", jestJson("pp"));
    const result = test_();
    expect(result.status).toBe(1);
    expect(lastLine(result)).toBe("4 passed, 1 failed, 1 skipped");
    expect(result.stdout).toContain("failed unit: failed test 1\n");
    expect(result.stdout).toMatch(/^e2e +2 +0 +0/m);
  });

  test("a stage that ends badly without a result counts as one failure", () => {
    checkout.stub("npx", "exit 134");
    const result = test_("unit", "toolchain");
    expect(result.status).toBe(1);
    expect(lastLine(result)).toBe("3 passed, 1 failed, 1 skipped");
    expect(result.stdout).toContain("failed toolchain: exit code 134 with no failed test: see the log");
  });

  test("a result of an earlier run is not counted again", () => {
    checkout.write("build/test/e2e.json", jestJson("ppppppp"));
    expect(lastLine(test_("e2e"))).toBe("0 passed, 0 failed, 0 skipped");
  });

  test("runs only the stages asked for, keeps their logs, and refuses unknown ones", () => {
    expect(lastLine(test_("unit"))).toBe("3 passed, 0 failed, 1 skipped");
    expect(checkout.called()).toEqual([
      "npm run --silent test:unit -- --passWithNoTests --json --outputFile=build/test/unit.json",
    ]);
    expect(checkout.run("cat", ["build/test/unit.log"]).stdout).toBe("noise of unit\n");
    expect(test_("unti").stderr).toContain("There is no stage 'unti'");
  });

  test("the story that waits runs beside the others, and is counted", () => {
    checkout.write("fake/watch", jestJson("pf"));
    checkout.write("fake/e2e", jestJson("ppp"));
    const result = test_("watch", "e2e");
    expect(result.status).toBe(1);
    expect(lastLine(result)).toBe("4 passed, 1 failed, 0 skipped");
    const more = (stage: string) => `--passWithNoTests --json --outputFile=build/test/${stage}.json`;
    expect(checkout.called().sort()).toEqual([
      `npm run --silent test:e2e -- --testPathIgnorePatterns e2e/observability ${more("e2e")}`,
      `npm run --silent test:e2e -- --testPathPatterns e2e/observability ${more("watch")}`,
    ]);
  });

  test("a run that ends before its tests says so in its last line", () => {
    checkout.write("package-lock.json", "{}");
    checkout.stub("npm", "exit 3");
    const result = checkout.run("bash", ["ops/test.sh"]);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain("[1/4] dependencies failed");
    expect(lastLine(result)).toBe("0 passed, 1 failed, 0 skipped");
  });
});
