import { shellAssigned } from "../../components/shell/quote";
import { causeOf } from "./causes";
import { Check } from "./checks";
import { EngineEvent, failuresOf, nameOf, serviceType } from "./deployment";
import { changesOf, danger, PreviewState, PreviewStep } from "./preview";
import { StackOutputs } from "./stack";

/** A step as the event log tells of it; more than this is there. */
interface StepMetadata {
  op: string;
  urn: string;
  old?: PreviewState | null;
  new?: PreviewState | null;
  /** Properties that force a replacement, and those that differ. */
  keys?: string[] | null;
  diffs?: string[] | null;
  detailedDiff?: Record<string, { diffKind: string }> | null;
}

/** The steps of a previewed update, as `pulumi preview --json` would tell them. */
export function previewSteps(events: readonly EngineEvent[]): PreviewStep[] {
  return events.flatMap(({ resourcePreEvent }) => {
    if (resourcePreEvent === undefined) {
      return [];
    }
    const { op, urn, old, new: now, keys, diffs, detailedDiff } = resourcePreEvent.metadata as StepMetadata;
    const paths = Object.entries(detailedDiff ?? {}).map(
      ([path, { diffKind }]) => [path, { kind: diffKind }] as const,
    );
    return [
      {
        ...{ op, urn, replaceReasons: keys, diffReasons: diffs, detailedDiff: Object.fromEntries(paths) },
        ...(old ? { oldState: old } : {}),
        ...(now ? { newState: now } : {}),
      },
    ];
  });
}

/** Whether an update makes a new certificate for the site. */
export function renewsCertificate(events: readonly EngineEvent[]): boolean {
  return changesOf({ steps: previewSteps(events) }).some(
    ({ type, name, verb }) =>
      type === "tls:index/locallySignedCert:LocallySignedCert" &&
      name === "certificate-site" &&
      verb !== "delete",
  );
}

/** What an update would do that no later one can undo, a line each. `was` are the outputs of what runs now. */
export function dataChanges(events: readonly EngineEvent[], was: StackOutputs): string[] {
  const steps = previewSteps(events);
  const dangers = changesOf({ steps }).flatMap((change) => {
    const words = danger(change);
    return words === undefined ? [] : [`${change.name} ${words}`];
  });
  return [...dangers, ...migrations(was.versions, outputsOf(events).versions), ...steps.flatMap(moves)];
}

/** The outputs that a previewed stack would have, as far as they are known. */
function outputsOf(events: readonly EngineEvent[]): StackOutputs {
  const metadata = events
    .map(
      ({ resOutputsEvent }) =>
        resOutputsEvent?.metadata as { type?: string; new?: { outputs?: StackOutputs } } | undefined,
    )
    .find((one) => one?.type === "pulumi:pulumi:Stack");
  return metadata?.new?.outputs ?? {};
}

/** Software whose data does not go back to an earlier version of it. */
function migrations(was: StackOutputs["versions"], will: StackOutputs["versions"]): string[] {
  return ["postgres", "synapse"].flatMap((part) => {
    const [before, after] = [was?.[part], will?.[part]];
    return before === undefined || after === undefined || before === after
      ? []
      : [
          `${part} ${before} becomes ${after}: its data is migrated, and an earlier version may not read it any more`,
        ];
  });
}

const dataLabel = /(^| )data=/;

/** A host that stops being the data's, and a service that mounts another volume than before. */
function moves({ urn, oldState, newState }: PreviewStep): string[] {
  if (oldState === undefined) {
    return [];
  }
  const labels = (state: PreviewState | undefined) => {
    const text = state?.inputs?.["stdin"];
    return typeof text === "string" ? (shellAssigned(text)["LABELS"] ?? "") : "";
  };
  if (dataLabel.test(labels(oldState)) && !dataLabel.test(labels(newState))) {
    return [`${nameOf(urn)}: its host holds the data, and will not be used for it any more`];
  }
  const lost = volumesOf(oldState).filter(
    (volume) => newState === undefined || !volumesOf(newState).includes(volume),
  );
  return newState === undefined ? [] : lost.map((volume) => `${nameOf(urn)} lets go of the volume ${volume}`);
}

function volumesOf(state: PreviewState): string[] {
  const { containerSpec } = (state.inputs?.["taskSpec"] ?? {}) as {
    containerSpec?: { mounts?: { type?: string; source?: unknown }[] };
  };
  return (containerSpec?.mounts ?? []).flatMap(({ type, source }) =>
    type === "volume" && typeof source === "string" ? [source] : [],
  );
}

/** Services that end before they are made anew, as on another network. A new set has another name, and stands beside the old. */
function outages(steps: readonly PreviewStep[]): string[] {
  return steps.flatMap(({ op, urn, oldState, newState }) => {
    const name = oldState?.inputs?.["name"];
    const service = op === "replace" && oldState?.type === serviceType;
    return service && name !== undefined && name === newState?.inputs?.["name"] ? [nameOf(urn)] : [];
  });
}

const errorLines = (text: string): string[] =>
  text.split("\n").flatMap((line) => /^error: (.*)$/.exec(line)?.[1] ?? []);

/** What the preview found; `allowed` (ALLOW_DATA_CHANGE=1) lets through what cannot be undone. */
export function planCheck(
  preview: { code: number; events: readonly EngineEvent[]; errors?: string },
  was: StackOutputs,
  hosts: Readonly<Record<string, string>>,
  allowed: boolean,
): Check {
  const name = "change";
  const { code, events, errors = "" } = preview;
  if (code !== 0) {
    const failures = failuresOf(events, hosts);
    const said = failures.length > 0 ? failures.flatMap(({ lines }) => lines) : errorLines(errors);
    return {
      name,
      verdict: "FAILED",
      what: ["it cannot be previewed", ...said].join("\n"),
      fix: causeOf(said.join("\n")) ?? "see above; make preview shows all of it",
    };
  }
  const steps = previewSteps(events);
  const counts = new Map<string, number>();
  for (const { verb } of changesOf({ steps })) counts.set(verb, (counts.get(verb) ?? 0) + 1);
  const what =
    counts.size === 0 ? "nothing" : [...counts].map(([verb, count]) => `${count} to ${verb}`).join(", ");
  const losses = dataChanges(events, was);
  const away = outages(steps);
  if (losses.length === 0) {
    return away.length === 0
      ? { name, verdict: "ok", what: `${what}; it can be undone` }
      : {
          name,
          verdict: "warn",
          what: `${what}; it can be undone, but these end before they are made anew: ${away.join(", ")}`,
          fix: "do it when the site may be away for as long as that takes",
        };
  }
  return {
    name,
    verdict: allowed ? "warn" : "FAILED",
    what: [`${what}; this cannot be undone:`, ...losses].join("\n"),
    fix: allowed ? "ALLOW_DATA_CHANGE=1 lets it through" : "have a backup, and say ALLOW_DATA_CHANGE=1",
  };
}
