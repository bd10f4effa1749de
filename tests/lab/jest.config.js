const jestProject = require("../support/jestProject");

/** The lab alone: npx jest -c tests/lab/jest.config.js */
module.exports = jestProject("lab", { timeout: 600 });
