import { nameOf, plainMessage, serviceType } from "./deployment";

/** A resource as `pulumi preview --json` tells of it, as far as it is read here. */
export interface PreviewState {
  type: string;
  /** False for components, which are nothing by themselves. */
  custom?: boolean;
  protect?: boolean;
  /** It stays where it is when the stack lets go of it. */
  retainOnDelete?: boolean;
  inputs?: Record<string, unknown>;
}

export interface PreviewStep {
  op: string;
  urn: string;
  oldState?: PreviewState;
  newState?: PreviewState;
  /** Properties that force a replacement. */
  replaceReasons?: string[] | null;
  /** Properties that differ. */
  diffReasons?: string[] | null;
  /** Paths that differ; the kind of those that force a replacement ends in `-replace`. */
  detailedDiff?: Record<string, { kind: string }> | null;
}

/** What `pulumi preview --json` prints. */
export interface Preview {
  steps?: PreviewStep[];
  diagnostics?: { urn?: string; message: string; severity: string }[];
}

export type Verb = "create" | "update" | "replace" | "delete";

/** What a preview would do to one resource. */
export interface Change {
  verb: Verb;
  name: string;
  type: string;
  /** Paths of the properties that change; values are never kept, but for images. */
  paths: string[];
  /** Of `paths`, those that force a replacement. */
  forcing: string[];
  /** A service's image before and after, where it changes; undefined where that is no image's name. */
  images?: { before: string | undefined; after: string | undefined };
  /** It is let go of, and stays. */
  retained: boolean;
  protect: boolean;
}

const verbs: Readonly<Record<string, Verb>> = {
  create: "create",
  import: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  delete: "delete",
};

const gravest: readonly Verb[] = ["delete", "replace", "update", "create"];

/** The changes of a preview, one for each resource that is something by itself, the gravest first. */
export function changesOf(preview: Preview): Change[] {
  // A replacement is told in three steps, and not each has all that is to be known.
  const byResource = new Map<string, PreviewStep[]>();
  for (const step of preview.steps ?? []) {
    byResource.set(step.urn, [...(byResource.get(step.urn) ?? []), step]);
  }
  const changes = [...byResource.values()].flatMap((steps) => change(steps) ?? []);
  return changes.sort((a, b) => gravest.indexOf(a.verb) - gravest.indexOf(b.verb));
}

function change(steps: readonly PreviewStep[]): Change | undefined {
  const step = steps.find(({ op }) => op in verbs);
  const verb = verbs[step?.op ?? ""];
  const before = steps.find(({ oldState }) => oldState)?.oldState;
  const after = steps.find(({ newState }) => newState)?.newState;
  const state = before ?? after;
  if (step === undefined || verb === undefined || state === undefined || !isThing(state)) {
    return undefined;
  }
  const differs = steps.flatMap(({ detailedDiff, diffReasons }) => {
    const paths = Object.keys(detailedDiff ?? {});
    return paths.length > 0 ? paths : (diffReasons ?? []);
  });
  const images = { before: imageOf(before), after: imageOf(after) };
  return {
    verb,
    name: nameOf(step.urn),
    type: state.type,
    paths: verb === "update" || verb === "replace" ? unique(differs) : [],
    forcing: unique(steps.flatMap(forced)),
    ...(images.before !== images.after && verb === "update" ? { images } : {}),
    retained: state.retainOnDelete === true,
    protect: state.protect === true,
  };
}

/** Components are nothing by themselves, and providers and the stack are Pulumi's own. */
const isThing = ({ custom, type }: PreviewState): boolean => custom !== false && !type.startsWith("pulumi:");

/** Paths that force a replacement. */
const forced = ({ replaceReasons, detailedDiff }: PreviewStep): string[] => [
  ...(replaceReasons ?? []),
  ...Object.entries(detailedDiff ?? {}).flatMap(([path, { kind }]) =>
    kind.endsWith("-replace") ? [path] : [],
  ),
];

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

/** How many resources stay as they are. */
export function unchangedOf(preview: Preview): number {
  return (preview.steps ?? []).filter(({ op, oldState }) => op === "same" && oldState && isThing(oldState))
    .length;
}

/** The image of a service, where it is what an image's name looks like. */
function imageOf(state: PreviewState | undefined): string | undefined {
  if (state?.type !== serviceType) {
    return undefined;
  }
  const { containerSpec } = (state.inputs?.["taskSpec"] ?? {}) as { containerSpec?: { image?: unknown } };
  const image = containerSpec?.image;
  return typeof image === "string" && /^[\w./:@-]{1,200}$/.test(image) ? image : undefined;
}

const volume = "docker:index/volume:Volume";
/** Volumes without data: whoever listens makes a socket anew, and whoever lost its place in a log reads it again. */
export const holdsNoData = /-(socket|positions)$/;

/** What could be lost by a change, in words; undefined where that is nothing that another `up` would not bring back. */
export function danger({ verb, type, name, retained, protect }: Change): string | undefined {
  if (verb !== "delete" && verb !== "replace") {
    return undefined;
  }
  const gone = verb === "delete" ? "is deleted" : "is replaced";
  if (type === volume && !holdsNoData.test(name)) {
    if (retained) {
      return verb === "delete"
        ? undefined
        : "is replaced: the old data stays on its server, the new volume is empty";
    }
    return `${gone}, and the data in it is lost`;
  }
  if (/^random:index\/random(Password|Bytes)/.test(type)) {
    return `${gone}: what was made with this generated secret does not fit the new one`;
  }
  if (/^tls:index\/(privateKey|selfSignedCert)/.test(type) && /-ca(-key)?$/.test(name)) {
    return `${gone}: every client has to be given the new certificate authority`;
  }
  if (type.startsWith("command:") && /-vm-deployment$/.test(name) && verb === "delete") {
    return "cancels the ThreeFold Grid VM, and the data on it is lost";
  }
  return protect ? `${gone}, though it is marked to be protected` : undefined;
}

/** The errors of a preview that failed, without colours. */
export function errorsOf(preview: Preview): string[] {
  return (preview.diagnostics ?? [])
    .filter(({ severity }) => severity === "error")
    .map(({ message }) =>
      plainMessage(message)
        .replace(/^error: /, "")
        .trim(),
    );
}
