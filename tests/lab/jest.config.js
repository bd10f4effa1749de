// The lab on its own: npx jest -c tests/lab/jest.config.js
module.exports = {
  displayName: "lab",
  rootDir: "../..",
  testEnvironment: "node",
  testMatch: ["<rootDir>/tests/lab/**/*.test.ts"],
  transform: { "^.+\\.ts$": "@swc/jest" },
  testTimeout: 300_000,
  maxWorkers: 1,
};
