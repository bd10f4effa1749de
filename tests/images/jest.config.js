const jestProject = require("../support/jestProject");

/** The image tests alone: `npx jest -c tests/images/jest.config.js`. */
module.exports = { ...jestProject("images", { timeout: 900 }), maxWorkers: 1 };
