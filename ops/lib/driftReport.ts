import { HostReport } from "./doctor";
import { changesOf, errorsOf, Preview } from "./preview";
import { code, counts, fenced } from "./previewComment";

export interface DriftReport {
  /** `unknown`: something could not be looked at, and what could shows no drift. */
  verdict: "clean" | "drift" | "unknown";
  /** The body of an issue; its first line tells this stack's from others. */
  text: string;
}

export interface DriftOf {
  stack: string;
  /** ISO 8601, UTC. */
  when: string;
  /** Where the run's log is. @default nowhere */
  run?: string;
}

const mostLines = 200;

/** A host's drift by kind and name. The differences themselves may hold what is not for everybody who reads issues. */
function hostLines({ name, compared, drifted, problems }: HostReport): string[] {
  return [
    `- ${code(name)}: ${compared} things compared, ${drifted.length === 0 ? "none differs" : `${drifted.length} differ`}`,
    ...drifted.map((thing) => `  - ${code(`${thing.kind} ${thing.name}`)}`),
    ...(problems.length > 0 ? ["  - **not all of it could be looked at**, the log says why"] : []),
  ];
}

/**
 * What `make doctor` and a preview found, as the body of an issue. A preview of the commit that is deployed shows
 * nothing, so what it shows is a change that was committed and not deployed, or a state that was changed by hand.
 */
export function driftReport(
  hosts: readonly HostReport[] | undefined,
  preview: Preview | undefined,
  { stack, when, run }: DriftOf,
): DriftReport {
  const changes = preview === undefined ? [] : changesOf(preview);
  const errors = preview === undefined ? ["nothing was printed"] : errorsOf(preview);
  const drifted = (hosts ?? []).some((host) => host.drifted.length > 0) || changes.length > 0;
  const blind = hosts === undefined || hosts.some(({ problems }) => problems.length > 0) || errors.length > 0;
  const previewed =
    errors.length > 0
      ? ["The preview failed:", "", fenced(errors.join("\n").slice(-4000))]
      : [
          changes.length === 0
            ? "Nothing is left to deploy."
            : `Not deployed: ${counts(changes)} (\`make preview\`).`,
        ];
  const lines = (hosts ?? []).flatMap(hostLines);
  const shown = lines.slice(0, mostLines);
  const text = [
    `<!-- hypha-drift: ${stack.replace(/[^\w.-]/g, "_")} -->`,
    `Stack ${code(stack)}, looked at ${when}${run === undefined ? "" : ` ([log](${run}))`}.`,
    "",
    ...(hosts === undefined ? ["The servers could not be looked at: the log says why."] : shown),
    ...(lines.length > shown.length ? [`- and ${lines.length - shown.length} lines more in the log`] : []),
    "",
    ...previewed,
    "",
    `\`make doctor STACK=${stack.replace(/[^\w./-]/g, "")}\` shows the differences, \`FIX=1\` puts them right.`,
    "",
  ].join("\n");
  return { verdict: drifted ? "drift" : blind ? "unknown" : "clean", text };
}
