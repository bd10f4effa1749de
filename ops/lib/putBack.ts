import { StackConfig } from "../../components/config/schema";
import { checkOut, stackFileText } from "./checkout";
import { Deploy, deployParts } from "./deploy";
import { EngineRun } from "./engineRun";
import { configOfVersion, knownVersions, lastGood, refuseDirty, SingleService } from "./redeploy";
import { release, Rollback } from "./release";
import { stackHosts } from "./stack";
import { readStackFile, stackFileName } from "./stackFile";
import { ToolError } from "./tool";
import { Version } from "./version";
import { findImages, imagesCheck, withPins } from "./versionImages";

/** An earlier version, ready to be deployed again. */
export interface Redeployment {
  deploy: Deploy;
  /** Removes its checkout. */
  remove: () => void;
}

/**
 * An earlier version: its commit's program, its configuration with today's salt in its stack file, its images. Data stay.
 * `service` is the one that alone goes back.
 */
export function redeployment(
  stack: string,
  version: Version,
  today: StackConfig,
  { yes, service }: { yes: boolean; service?: SingleService },
): Redeployment {
  const found = findImages(version.images, stackHosts(stack));
  const { config } = withPins(version, found, service);
  const { salt } = readStackFile(stackFileName(stack));
  const { directory, configFile, remove } = checkOut(version.commit, stackFileText(config, salt));
  const deploy = {
    stack,
    config: configOfVersion({ ...version, config }, today),
    directory,
    what: `redeploy of ${service === undefined ? "" : `${service} as in `}version ${version.version}`,
    options: ["--config-file", configFile, "--parallel", process.env["PARALLEL"] ?? "16"],
    yes,
    validation: "hypha:validation" in config,
    tree: {
      name: "git tree",
      verdict: "ok" as const,
      what: `commit ${version.commit.slice(0, 12)}, as in version ${version.version}`,
    },
    more: ({ events }: EngineRun) => [imagesCheck(version, found, events)],
    redeployOf: version.version,
  };
  return { deploy, remove };
}

/** Whether a failed deployment goes back by itself: as ROLLBACK_ON_FAILURE says, else as the configuration does. */
export function goesBack(
  variable: string | undefined,
  { release: { rollbackOnFailure } }: StackConfig,
): boolean {
  switch (variable ?? "") {
    case "":
      return rollbackOnFailure;
    case "true":
    case "1":
      return true;
    case "false":
    case "0":
      return false;
    default:
      throw new ToolError(`ROLLBACK_ON_FAILURE=${variable}: write true or false`);
  }
}

/**
 * Deploys the last version that ended well before `began`, under the lock that is held. Undefined where there is none, or
 * none that can be put back: that is said.
 */
export async function putLastGoodBack(deploy: Deploy, began: Date): Promise<Rollback | undefined> {
  const { stack, config } = deploy;
  const started = performance.now();
  const good = lastGood(await knownVersions(stack, config), began);
  if (good?.commit === undefined) {
    console.error("There is no earlier version to put back.");
    return undefined;
  }
  refuseDirty(good, process.env["ALLOW_DIRTY"] === "1");
  console.error(`Putting version ${good.version} back (${good.commit.slice(0, 12)}). Data stay as they are.`);
  const images = good.record?.images;
  const version = {
    version: good.version,
    commit: good.commit,
    config: Object.fromEntries(Object.entries(good.config).filter(([key]) => key.startsWith("hypha:"))),
    ...(images === undefined ? {} : { images }),
  };
  const { deploy: back, remove } = redeployment(stack, version, config, { yes: true });
  try {
    const parts = deployParts(back, () => Promise.resolve(undefined));
    const code = await release({
      ...parts,
      lock: () => Promise.resolve(undefined),
      tell: () => Promise.resolve(),
    });
    return {
      version: good.version,
      ok: code === 0,
      seconds: Math.round((performance.now() - started) / 1000),
    };
  } finally {
    remove();
  }
}
