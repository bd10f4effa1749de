const { TestEnvironment } = require("jest-environment-node");

/** jest gives tests a copy of `process` that hears of no unhandled rejection; the mock harness needs the real one's. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.hostProcess = process;
  }
};
