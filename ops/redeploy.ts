import { agreed, askable } from "./lib/confirm";
import { deployParts } from "./lib/deploy";
import { redeployment } from "./lib/putBack";
import {
  knownVersions,
  lastMade,
  oneServiceOf,
  refuseDirty,
  SingleService,
  singleServices,
} from "./lib/redeploy";
import { release } from "./lib/release";
import { stackName } from "./lib/stack";
import { stackFileConfig, stackFileName } from "./lib/stackFile";
import { parseArguments, runTool, ToolError } from "./lib/tool";
import { resolveVersion } from "./lib/version";

const usage = `usage: redeploy --version <number | commit | tag> [--service bridge|gateway|frontend] [--yes]
Deploys an earlier version again (see make history): the program of its commit, its configuration, its images. They are
still on the hosts, or are built again from the same content; otherwise nothing is changed. Shows what would change, and
asks. Data are never put back: the volumes stay as they are. The stack file stays too: the next make up deploys it.
--service puts back one service only, its settings and image, with the program and all else of what runs now.
STACK names the stack (default: the selected one). --yes asks nothing (the same as YES=1; CI=true implies it).
VERBOSE=1 shows all that Pulumi says. ALLOW_DIRTY=1 takes a version's commit although files differed from it;
ALLOW_DATA_CHANGE=1 what cannot be undone.
Exit code 0: deployed, and all answers; 1: not; 2: it could not begin.`;

runTool(usage, async (args) => {
  const { flags, values } = parseArguments(args, { flags: ["--yes"], values: ["--version", "--service"] });
  askable(flags);
  const wanted = values.get("--version");
  if (wanted === undefined || wanted === "") {
    throw new ToolError("which version? VERSION=<number, commit or tag>, see make history");
  }
  const stack = stackName();
  const today = stackFileConfig(stackFileName(stack));
  const history = await knownVersions(stack, today);
  const { entry, ...then } = resolveVersion(wanted, history);
  const allowed = process.env["ALLOW_DIRTY"] === "1";
  refuseDirty(entry, allowed);
  const named = values.get("--service") ?? "";
  const service = named === "" ? undefined : single(named);
  const version = service === undefined ? then : oneServiceOf(service, current(), then);
  const { deploy, remove } = redeployment(stack, version, today, { yes: agreed(flags), service });
  try {
    const code = await release(deployParts(deploy, () => Promise.resolve(undefined)));
    if (code === 0) {
      console.log(
        `${stackFileName(stack)} still says what it said: correct it before the next make up, which deploys it.`,
      );
    }
    return code;
  } finally {
    remove();
  }

  /** What runs now. */
  function current() {
    const last = lastMade(history);
    if (last === undefined) {
      throw new ToolError(
        "no version of this stack was made whole, so none of its services can go back by itself",
      );
    }
    refuseDirty(last, allowed);
    return resolveVersion(String(last.version), history);
  }
});

function single(service: string): SingleService {
  const found = singleServices.find((name) => name === service);
  if (found === undefined) {
    throw new ToolError(
      `SERVICE=${service}: one of ${singleServices.join(", ")} can go back by itself; the others keep data or belong to all`,
    );
  }
  return found;
}
