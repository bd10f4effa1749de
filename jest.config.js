const jestProject = require("./tests/support/jestProject");

/** Only `unit` needs nothing but node; each of the others brings up something real. */
module.exports = {
  passWithNoTests: true,
  projects: [
    jestProject("unit", {
      timeout: 30,
      folders: ["components", "property", "golden", "scripts", "ops", "support"],
    }),
    jestProject("toolchain", { timeout: 600 }),
    jestProject("images", { timeout: 900 }),
    jestProject("lab", { timeout: 600 }),
    jestProject("e2e", { timeout: 1800 }),
    jestProject("alarms", { timeout: 3600 }),
    jestProject("vm", { timeout: 3600 }),
  ],
};
