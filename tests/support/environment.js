const { TestEnvironment } = require("jest-environment-node");

/**
 * A timeout for each test of a project (in seconds, testEnvironmentOptions.timeout: jest has no such setting for one
 * project), and the real process:
 * jest gives tests a copy of `process` that hears of no unhandled rejection; the mock harness needs the real one's.
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.hostProcess = process;
    const { timeout } = config.projectConfig.testEnvironmentOptions;
    if (timeout !== undefined) {
      // What jest.setTimeout sets.
      this.global[Symbol.for("TEST_TIMEOUT_SYMBOL")] = timeout * 1000;
    }
  }
};
