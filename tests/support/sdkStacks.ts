/** Where the SDK takes a stack of its own: for its search for promises that never end, and for a resource's position. */
const takers = ["debuggablePromise", "callsites"];

/**
 * Leaves out those stacks, which no test reads: jest would map each of their frames back to TypeScript, which takes a
 * third of a test's time. Every other error has its stack as ever.
 */
export function skipSdkStacks(): void {
  // jest's limit is 100, node's 10; taking a stack costs by its depth.
  Error.stackTraceLimit = 20;
  Error.prepareStackTrace = (error, sites) => {
    const top = sites.at(0);
    const ofSdk = top?.getFileName()?.includes("/@pulumi/pulumi/") === true;
    const skipped = ofSdk && takers.includes(top.getFunctionName() ?? "");
    return [String(error), ...(skipped ? [] : sites.map(String))].join("\n    at ");
  };
}
