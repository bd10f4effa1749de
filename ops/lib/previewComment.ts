import { Change, changesOf, danger, errorsOf, Preview, unchangedOf, Verb } from "./preview";

export interface PreviewOf {
  stack: string;
  /** Commit that was previewed. */
  commit: string;
  /** Where the run's log is. @default nowhere */
  run?: string;
}

/** GitHub takes 65,536 characters. */
const mostCharacters = 60_000;
const mostRows = 60;
const mostPaths = 6;
const mostErrorCharacters = 4_000;

/** Tells the comment of this stack from all others, so that the next preview takes its place. */
export const marker = (stack: string): string => `<!-- hypha-preview: ${stack.replace(/[^\w.-]/g, "_")} -->`;

/** A text as Markdown code in a table's cell, whatever is in it. */
export const code = (text: string): string =>
  `\`${
    text
      .replace(/[\s`|]+/g, " ")
      .trim()
      .slice(0, 200) || " "
  }\``;

const shortType = (type: string): string => {
  const [provider = "", , name = ""] = type.split(":");
  return `${provider} ${name || type}`;
};

/** A block that no line of the text can end. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** The end of a text is where an error says what it is. */
const ending = (text: string, most: number): string =>
  text.length > most ? `[…]\n${text.slice(-most)}` : text;

function whatChanges({ verb, paths, forcing, images, retained }: Change): string {
  if (verb === "delete" && retained) {
    return "stays where it is, no longer managed";
  }
  const image =
    images?.before === undefined || images.after === undefined
      ? []
      : [`image ${code(images.before)} → ${code(images.after)}`];
  const own = paths.filter((path) => !forcing.includes(path));
  const more = own.length > mostPaths ? [`${own.length - mostPaths} more`] : [];
  const because = forcing.slice(0, mostPaths).map(code).join(", ");
  return [
    ...image,
    ...own.slice(0, mostPaths).map(code),
    ...more,
    ...(because === "" ? [] : [`replaced because of ${because}`]),
  ].join(", ");
}

const signs: Readonly<Record<Verb, string>> = { create: "+", update: "~", replace: "±", delete: "−" };

/** How many of each, in words; empty where nothing changes. */
export function counts(changes: readonly Change[]): string {
  return (["create", "update", "replace", "delete"] as const)
    .map((verb) => [verb, changes.filter((change) => change.verb === verb).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verb, count]) => `${count} to ${verb}`)
    .join(", ");
}

function changeTable(changes: readonly Change[]): string[] {
  const rows = changes
    .slice(0, mostRows)
    .map(
      (change) =>
        `| ${signs[change.verb]} ${change.verb} | ${code(change.name)} | ${code(shortType(change.type))} | ${whatChanges(change)} |`,
    );
  return [
    "| | resource | type | what changes |",
    "| --- | --- | --- | --- |",
    ...rows,
    ...(changes.length > mostRows ? ["", `${changes.length - mostRows} more are in the log.`] : []),
  ];
}

/** Warnings of what would be lost, one a line. */
export function warnings(changes: readonly Change[]): string[] {
  return changes.flatMap((change) => {
    const what = danger(change);
    return what === undefined ? [] : [`${code(change.name)} ${what}.`];
  });
}

/**
 * What a preview would do, as the Markdown of a comment: counts, warnings, a table. It names properties and shows no
 * value of any, but for the images of services: no secret can be in it. A preview that failed shows its errors, in which
 * Pulumi masks what it knows to be secret.
 */
export function previewComment(preview: Preview, of: PreviewOf): string {
  const errors = errorsOf(preview);
  const changes = changesOf(preview);
  const losses = warnings(changes);
  const lines = [
    marker(of.stack),
    `### Preview of stack ${code(of.stack)}`,
    "",
    errors.length > 0
      ? "**The preview failed**, so nothing is known of what would change:"
      : changes.length === 0
        ? "**Nothing would change.**"
        : `**${counts(changes)}**, ${unchangedOf(preview)} unchanged.`,
    ...(errors.length > 0 ? ["", fenced(ending(errors.join("\n"), mostErrorCharacters))] : []),
    ...(losses.length > 0 && errors.length === 0
      ? ["", "> [!WARNING]", ...losses.slice(0, mostRows).map((line) => `> - ${line}`)]
      : []),
    ...(changes.length > 0 && errors.length === 0 ? ["", ...changeTable(changes)] : []),
    "",
    `Commit ${code(of.commit.slice(0, 12))}${of.run === undefined ? "" : `, [log](${of.run})`}. ` +
      "Compared with the stack's state; servers are not asked (the drift check does that).",
    "",
  ];
  return bounded(lines.join("\n"));
}

/** Cut at a line's end where it would be too long for GitHub. */
function bounded(text: string): string {
  return text.length <= mostCharacters
    ? text
    : `${text.slice(0, text.lastIndexOf("\n", mostCharacters))}\n\nThe rest is in the log.\n`;
}
