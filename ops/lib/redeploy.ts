import { StackConfig } from "../../components/config/schema";
import { configOf } from "./audit";
import { Deployed, stackHistory, withRecords } from "./history";
import { askRecords, mergeRecords } from "./record";
import { ToolError } from "./tool";
import { Version } from "./version";

/** The stack's history with the hosts' records. */
export async function knownVersions(stack: string, config: StackConfig): Promise<Deployed[]> {
  return withRecords(stackHistory(stack), mergeRecords(await askRecords(config, stack)));
}

const succeeded = ({ kind, result }: Deployed): boolean => kind === "update" && result === "succeeded";

/** What runs now: the newest version that was made, whether it works or not. */
export const lastMade = (history: readonly Deployed[]): Deployed | undefined =>
  history.filter(succeeded).at(-1);

/**
 * The newest version that was made, passed its tests and began before `began`; undefined where there is none. Of one that
 * changed nothing there is no record: it works as the one before it.
 */
export function lastGood(history: readonly Deployed[], began: Date): Deployed | undefined {
  let good: Deployed | undefined;
  let works = true;
  for (const entry of history.filter(succeeded)) {
    const { changes, record, began: then } = entry;
    const untouched = Object.keys(changes).length === 0 && record === undefined;
    works = untouched ? works : record?.validation?.ok !== false;
    if (works && Date.parse(then) < began.getTime()) good = entry;
  }
  return good;
}

/** Refuses a version whose program git does not have: it was deployed with files that differ from its commit. */
export function refuseDirty({ version, commit, dirty, record }: Deployed, allowed: boolean): void {
  // Pulumi counts a stack file that it has only laid out anew.
  if ((record?.dirty ?? dirty) && !allowed) {
    throw new ToolError(
      `version ${version} was deployed with files that differ from its commit ${commit?.slice(0, 12) ?? ""}, so it cannot be put back as it was\n` +
        "Take another version, or say ALLOW_DIRTY=1 to deploy the commit itself.",
    );
  }
}

/** The services that can go back by themselves: they keep no data. */
export const singleServices = ["bridge", "gateway", "frontend"] as const;
export type SingleService = (typeof singleServices)[number];

/** The raw section of a version's configuration that its services are in. */
export const chatOf = ({ config }: Version): Record<string, unknown> =>
  JSON.parse(config["hypha:chat"] ?? "{}") as Record<string, unknown>;

/** What now runs, but for one service, which is as in `then`: its settings and its image. */
export function oneServiceOf(service: SingleService, now: Version, then: Version): Version {
  const image = then.images?.[service];
  const mixed = { ...chatOf(now), [service]: chatOf(then)[service] ?? {} };
  return {
    ...now,
    version: then.version,
    config: { ...now.config, "hypha:chat": JSON.stringify(mixed) },
    ...(now.images === undefined
      ? {}
      : { images: { ...now.images, ...(image === undefined ? {} : { [service]: image }) } }),
  };
}

/** The configuration of a version, checked; today's where today's rules do not take it. */
export const configOfVersion = (version: Version, today: StackConfig): StackConfig =>
  configOf(version.config) ?? today;
