import { StackConfig } from "../../components/config/schema";
import { shellAssigned } from "../../components/shell/quote";
import { configOf } from "./audit";
import { Check } from "./checks";
import { EngineEvent } from "./deployment";
import { Deployed, stackHistory, withRecords } from "./history";
import { previewSteps } from "./planCheck";
import { askRecords, mergeRecords } from "./record";
import { docker, StackHost } from "./stack";
import { ToolError } from "./tool";
import { Version } from "./version";

/** The stack's history with the hosts' records. */
export async function knownVersions(stack: string, config: StackConfig): Promise<Deployed[]> {
  return withRecords(stackHistory(stack), mergeRecords(await askRecords(config, stack)));
}

/** The newest version that ended well and began before `began`; undefined where there is none. */
export function lastGood(history: readonly Deployed[], began: Date): Deployed | undefined {
  return history
    .filter(
      ({ kind, result, began: then }) =>
        kind === "update" && result === "succeeded" && Date.parse(then) < began.getTime(),
    )
    .at(-1);
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

/** What now runs, but for one service, which is as in `then`: its settings and its image. */
export function oneServiceOf(service: SingleService, now: Version, then: Version): Version {
  const chat = (version: Version) =>
    JSON.parse(version.config["hypha:chat"] ?? "{}") as Record<string, unknown>;
  const image = then.images?.[service];
  const mixed = { ...chat(now), [service]: chat(then)[service] ?? {} };
  return {
    ...now,
    version: then.version,
    config: { ...now.config, "hypha:chat": JSON.stringify(mixed) },
    ...(now.images === undefined
      ? {}
      : { images: { ...now.images, ...(image === undefined ? {} : { [service]: image }) } }),
  };
}

/** The parts of a version whose images are still on a host, under the id that they had. */
export function keptParts(images: Version["images"], hosts: readonly StackHost[]): string[] {
  return Object.entries(images ?? {}).flatMap(([part, { reference, id }]) =>
    hosts.some((host) => {
      try {
        return docker(host, ["image", "inspect", "--format", "{{.Id}}", reference]).trim() === id;
      } catch {
        return false;
      }
    })
      ? [part]
      : [],
  );
}

/** The image references that a previewed update would run. */
function references(events: readonly EngineEvent[]): Set<string> {
  const named = previewSteps(events).flatMap(({ newState }) => {
    const text = newState?.inputs?.["stdin"];
    return typeof text === "string" ? [shellAssigned(text)["REFERENCE"] ?? ""] : [];
  });
  return new Set(named);
}

/** Whether a version's images are what it ran: still there, or of the same content; else nothing may be changed. */
export function imagesCheck(
  version: Version,
  kept: readonly string[],
  events: readonly EngineEvent[],
): Check {
  const name = "images";
  if (version.images === undefined) {
    return {
      name,
      verdict: "warn",
      what: "no host has the record of this version, so its images cannot be compared",
    };
  }
  const will = references(events);
  const other = Object.entries(version.images).filter(([, { reference }]) => !will.has(reference));
  if (other.length > 0) {
    return {
      name,
      verdict: "FAILED",
      what: other
        .map(
          ([part, { reference }]) =>
            `${part}: ${reference} is on no host any more, and its files are others now`,
        )
        .join("\n"),
      fix: "put the files of that version back where its source says, or raise hypha:images.keep for the next time",
    };
  }
  const gone = Object.keys(version.images).filter((part) => !kept.includes(part));
  return gone.length === 0
    ? { name, verdict: "ok", what: `all ${kept.length} are still on the hosts` }
    : {
        name,
        verdict: "ok",
        what: `on no host any more, built again from the same content: ${gone.join(", ")}`,
      };
}

/** The configuration of a version, checked; today's where today's rules do not take it. */
export const configOfVersion = (version: Version, today: StackConfig): StackConfig =>
  configOf(version.config) ?? today;
