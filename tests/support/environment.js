const { TestEnvironment } = require("jest-environment-node");

/** Where Pulumi's SDK takes a stack of its own: to find promises that never end, and for a resource's position. */
const takers = ["debuggablePromise", "callsites"];

/**
 * An error's stack, as jest makes it: each frame is mapped back to TypeScript. Not those of the SDK, which no test
 * reads: they took a third of a deployment's time.
 */
function stackOf(error, sites) {
  const [top] = sites;
  if (takers.includes(top?.getFunctionName()) && top.getFileName()?.includes("/@pulumi/pulumi/")) {
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
