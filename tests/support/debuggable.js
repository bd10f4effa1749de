const debuggable = require("@pulumi/pulumi/runtime/debuggable.js");

/** Pulumi's own, but no promise is given its stack, which no test reads: they took a third of a deployment's time. */
module.exports = {
  ...debuggable,
  debuggablePromise(promise, context) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return debuggable.debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  },
};
