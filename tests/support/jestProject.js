const path = require("node:path");

const root = path.join(__dirname, "..", "..");

/**
 * One jest project. `name` is what `--selectProjects` takes and, unless `folders` says otherwise, the folder under tests/.
 * `timeout` is in seconds and needed where a test waits for a machine.
 */
module.exports = function jestProject(name, { timeout, folders = [name], ...more } = {}) {
  return {
    displayName: name,
    rootDir: root,
    testEnvironment: path.join(__dirname, "environment.js"),
    testMatch: folders.map((folder) => `<rootDir>/tests/${folder}/**/*.test.ts`),
    transform: { "\\.[jt]s$": ["@swc/jest", swc] },
    transformIgnorePatterns: ["/node_modules/"],
    moduleNameMapper: replaced,
    testEnvironmentOptions: { timeout },
    ...more,
  };
};

/** Parts of Pulumi's SDK that tests have no use for: each costs half a second in each file, or much of each deployment. */
const replaced = {
  // Loaded for programs that have functions serialised.
  "^@npmcli/arborist$": path.join(__dirname, "nothing.js"),
  "^\\.\\./\\.\\./typescript-shim$": path.join(__dirname, "nothing.js"),
  "^\\.{1,2}/(runtime/)?debuggable$": path.join(__dirname, "debuggable.js"),
};

const swc = {
  swcrc: false,
  sourceMaps: "inline",
  module: { type: "commonjs" },
  jsc: { target: "es2022", parser: { syntax: "typescript", decorators: false } },
};
