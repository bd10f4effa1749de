import { StackConfig } from "../../components/config/schema";
import { checkOut, stackFileText, VersionCheckout } from "./checkout";
import { Deploy, deployParts } from "./deploy";
import { configOfVersion, imagesCheck, keptParts, knownVersions, lastGood, refuseDirty } from "./redeploy";
import { release, Rollback } from "./release";
import { stackHosts } from "./stack";
import { readStackFile, stackFileName } from "./stackFile";
import { Version } from "./version";

/** An earlier version, as it is deployed again: its commit's program, its configuration, its images. Data stay. */
export function redeployment(
  stack: string,
  version: Version,
  today: StackConfig,
  checkout: VersionCheckout,
  yes: boolean,
): Deploy {
  const kept = keptParts(version.images, stackHosts(stack));
  return {
    stack,
    config: configOfVersion(version, today),
    directory: checkout.directory,
    what: `redeploy of version ${version.version}`,
    options: ["--config-file", checkout.configFile, "--parallel", process.env["PARALLEL"] ?? "16"],
    yes,
    validation: "hypha:validation" in version.config,
    tree: {
      name: "git tree",
      verdict: "ok",
      what: `commit ${version.commit.slice(0, 12)}, as in version ${version.version}`,
    },
    more: ({ events }) => [imagesCheck(version, kept, events)],
    redeployOf: version.version,
  };
}

/** A checkout of a version, with today's salt in its stack file. */
export function checkOutVersion(stack: string, { commit, config }: Version): VersionCheckout {
  return checkOut(commit, stackFileText(config, readStackFile(stackFileName(stack)).salt));
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
  const checkout = checkOutVersion(stack, version);
  try {
    const parts = deployParts(redeployment(stack, version, config, checkout, true), () =>
      Promise.resolve(undefined),
    );
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
    checkout.remove();
  }
}
