import { shellAssigned } from "../../components/shell/quote";
import { Check } from "./checks";
import { EngineEvent } from "./deployment";
import { git } from "./git";
import { previewSteps } from "./planCheck";
import { chatOf, singleServices } from "./redeploy";
import { docker, StackHost } from "./stack";
import { Version } from "./version";

/** Which hosts have the images of a version. */
export interface FoundImages {
  /** Those that were asked. */
  hosts: string[];
  /** Under which id each part's image is there: part to host to id. */
  ids: Record<string, Record<string, string>>;
}

const listing = "{{.Repository}}:{{.Tag}} {{.Digest}} {{.ID}}";

/** The ids of a host's images by name and tag, and by digest, from what `docker image ls` prints in that format. */
export function parseImages(text: string): Map<string, string> {
  const rows = text.split("\n").map((line) => line.split(" "));
  return new Map(
    rows.flatMap(([name = "", digest = "", id = ""]) => [[name, id] as const, [digest, id] as const]),
  );
}

/** Asks the hosts for a version's images, each once; one that does not answer has none. */
export function findImages(images: Version["images"], hosts: readonly StackHost[]): FoundImages {
  const known = hosts.map((host) => {
    try {
      const args = ["image", "ls", "--digests", "--no-trunc", "--format", listing];
      return [host.name, parseImages(docker(host, args))] as const;
    } catch {
      return [host.name, new Map<string, string>()] as const;
    }
  });
  const ids = (reference: string) =>
    known.flatMap(([host, on]) => {
      const id = on.get(reference.split("@")[1] ?? reference);
      return id === undefined ? [] : [[host, id] as const];
    });
  return {
    hosts: hosts.map(({ name }) => name),
    ids: Object.fromEntries(
      Object.entries(images ?? {}).map(([part, { reference }]) => [part, Object.fromEntries(ids(reference))]),
    ),
  };
}

const section = "hypha:release";

/** Whether the program of a commit takes an image as it is. */
const takesPins = (commit: string): boolean =>
  git(process.cwd(), "cat-file", "-e", `${commit}:components/config/release.ts`) !== undefined;

/**
 * A version with the tags of its images in its configuration, where neither its commit nor its configuration tell what they
 * are made of: files of this machine (`source.path`), and the files of `service`, which is of another commit than the rest.
 */
export function withPins(
  version: Version,
  found: FoundImages,
  service?: string,
  able: (commit: string) => boolean = takesPins,
): Version {
  const outside = singleServices.filter((part) => {
    const { source } = (chatOf(version)[part] ?? {}) as { source?: { path?: string } };
    return part === service || source?.path !== undefined;
  });
  const images = Object.fromEntries(
    outside.flatMap((part) => {
      const [, tag] = /-images\/[^:@]*:([0-9a-f]{12})$/.exec(version.images?.[part]?.reference ?? "") ?? [];
      const there = Object.keys(found.ids[part] ?? {}).length > 0;
      return tag !== undefined && there && able(version.commit) ? [[part, tag] as const] : [];
    }),
  );
  const { [section]: before = "{}", ...config } = version.config;
  const release = { ...(JSON.parse(before) as Record<string, unknown>), images };
  return Object.keys(release).length === 1 && Object.keys(images).length === 0
    ? { ...version, config }
    : { ...version, config: { ...config, [section]: JSON.stringify(release) } };
}

/** What a previewed update would run: each image's reference, with the hosts that are to have it and whether it can be built. */
function imagesOf(events: readonly EngineEvent[]): Map<string, { nodes: string[]; built: boolean }> {
  const scripts = previewSteps(events).flatMap(({ newState }) => {
    const text = newState?.inputs?.["stdin"];
    return typeof text === "string" ? [shellAssigned(text)] : [];
  });
  return new Map(
    scripts.flatMap(({ REFERENCE, NODES = "", CONTEXT }) => {
      const nodes = NODES.split("\n").map((engine) => engine.split("\t")[0] ?? "");
      // One by its digest is pulled.
      const built = CONTEXT !== undefined || REFERENCE?.includes("@") === true;
      return REFERENCE === undefined ? [] : [[REFERENCE, { nodes, built }] as const];
    }),
  );
}

/** Whether a version's images are what it ran: still there, or of the same content; else nothing may be changed. */
export function imagesCheck(version: Version, found: FoundImages, events: readonly EngineEvent[]): Check {
  const name = "images";
  if (version.images === undefined) {
    return {
      name,
      verdict: "warn",
      what: "no host has the record of this version, so its images cannot be compared",
    };
  }
  const will = imagesOf(events);
  const bad: string[] = [];
  const again: string[] = [];
  for (const [part, { reference, id }] of Object.entries(version.images)) {
    const there = found.ids[part] ?? {};
    const planned = will.get(reference);
    const on = Object.keys(there).filter((host) => planned?.nodes.includes(host));
    const where = Object.keys(there).join(", ") || `none of ${found.hosts.join(", ")}`;
    if (planned === undefined) {
      bad.push(`${part}: ${reference} is on ${where}, and its files are others now`);
    } else if (on.length === 0 && !planned.built) {
      bad.push(`${part}: ${reference} is on ${where}, and it is to run on ${planned.nodes.join(", ")}`);
    } else if (!on.some((host) => there[host] === id)) {
      again.push(part);
    }
  }
  if (bad.length > 0) {
    return {
      name,
      verdict: "FAILED",
      what: bad.join("\n"),
      fix: "put the files of that version back where its source says, or raise hypha:images.keep for the next time",
    };
  }
  return again.length === 0
    ? { name, verdict: "ok", what: `all ${Object.keys(version.images).length} are still on the hosts` }
    : {
        name,
        verdict: "ok",
        what: `on no host any more as they were, built again from the same content: ${again.join(", ")}`,
      };
}
