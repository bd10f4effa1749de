import { countChecks, countJest } from "../../ops/lib/testReport";

describe("counting", () => {
  test("a test file that did not run is one failure, with the first line of why", () => {
    const file = {
      name: "a.test.ts",
      message: "Cannot find module\n  at …",
      status: "failed",
      assertionResults: [],
    };
    expect(countJest({ numRuntimeErrorTestSuites: 1, testResults: [file] }, 1)).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: ["a.test.ts: did not run: Cannot find module"],
      skips: [],
    });
  });

  test("no result and a bad exit code is one failure; no result and a good one is nothing", () => {
    expect(countJest(undefined, 1).failed).toBe(1);
    expect(countJest(undefined, 0)).toMatchObject({ passed: 0, failed: 0, skipped: 0 });
  });

  test("only whole check lines count", () => {
    const log = "check types passed\nrecheck a passed\ncheck b failed (b is not installed)\ncheck c maybe\n";
    expect(countChecks(log, 1)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
      failures: ["b (b is not installed)"],
      skips: [],
    });
  });

  test("a lint that dies between two checks is not green", () => {
    expect(countChecks("check types passed\n", 2)).toMatchObject({ passed: 1, failed: 1 });
  });
});
