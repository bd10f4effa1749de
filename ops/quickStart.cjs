// Loaded before Pulumi's SDK (`nodeargs` in Pulumi.yaml). The SDK does three things in every command that no program of
// this project needs; docs/benchmarks.md says what they cost. What is not there
// to be changed stays as it is.
const Module = require("module");

// For each promise it makes, the SDK formats where that was, and ts-node looks each place up in a source map. Errors
// with something to say are still shown by their TypeScript lines; a bare `new Error()` by those that Node runs.
let mapped;
Object.defineProperty(Error, "prepareStackTrace", {
  configurable: true,
  get: () => quickly,
  set: (format) => {
    mapped = format;
  },
});

function quickly(error, frames) {
  if (error.message !== "" && mapped !== undefined) return mapped(error, frames);
  return [String(error), ...frames.map((frame) => `    at ${frame}`)].join("\n");
}

// It loads npm's own installer, for programs that have functions serialised; and it sends the engine a message for
// every step of every resource, which `pulumi --debug` shows. HYPHA_DEBUG=1 leaves those on.
const load = Module._load;
Module._load = function (request, parent, isMain) {
  if (request === "@npmcli/arborist") {
    return {
      __esModule: true,
      get Arborist() {
        return load(request, parent, isMain).Arborist;
      },
    };
  }
  const loaded = load(request, parent, isMain);
  if (request.endsWith("/log") && loaded.debug !== undefined && parent?.filename?.includes("@pulumi")) {
    // Several modules of the SDK ask for it, the first of them before any resource.
    if (!process.env.HYPHA_DEBUG) loaded.debug = () => Promise.resolve();
  }
  return loaded;
};
