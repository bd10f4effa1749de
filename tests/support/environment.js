const { TestEnvironment } = require("jest-environment-node");

/**
 * An error's stack, as jest makes it: each frame is mapped back to TypeScript. Not where Pulumi's SDK looks for a
 * resource's position, which no test reads.
 */
function stackOf(error, sites) {
  const [top] = sites;
  if (top?.getFunctionName() === "callsites" && top.getFileName()?.includes("/@pulumi/pulumi/")) {
    return String(error);
  }
  return Error.prepareStackTrace?.(error, sites) ?? [error, ...sites].join("\n    at ");
}

/**
 * A timeout for each test of a project (in seconds, testEnvironmentOptions.timeout: jest has no such setting for one
 * project), and the real process:
 * jest gives tests a copy of `process` that hears of no unhandled rejection; the mock harness needs the real one's.
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.hostProcess = process;
    this.global.Error.prepareStackTrace = stackOf;
    const { timeout } = config.projectConfig.testEnvironmentOptions;
    if (timeout !== undefined) {
      // What jest.setTimeout sets.
      this.global[Symbol.for("TEST_TIMEOUT_SYMBOL")] = timeout * 1000;
    }
  }
};
