const jestProject = require("../support/jestProject");

/** These alone: npx jest -c tests/ops/jest.config.js. In the root configuration they are part of `unit`. */
module.exports = jestProject("ops", { timeout: 60 });
