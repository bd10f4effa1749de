import { table } from "../../components/shell/table";
import { Deployed } from "./history";

const head = [
  "version",
  "when",
  "kind",
  "result",
  "works",
  "time",
  "commit",
  "author",
  "changed",
  "images",
  "message",
];

/** What Pulumi calls a change, as a sign. */
const signs: readonly [op: string, sign: string][] = [
  ["create", "+"],
  ["update", "~"],
  ["replace", "±"],
  ["delete", "-"],
];

/** `+3 ~1: bridge, edge`: how many resources by what was done to them, and the components that they belong to. */
export function changed({ changes, record }: Deployed): string {
  const counts = signs.flatMap(([op, sign]) => (changes[op] === undefined ? [] : [`${sign}${changes[op]}`]));
  const touched = Object.entries(record?.components ?? {})
    .filter(([, { status }]) => status !== "unchanged")
    .map(([name, { status }]) => (status === "completed" ? name : `${name} (${status})`));
  const names = touched.length > 6 ? [...touched.slice(0, 6), `${touched.length - 6} more`] : touched;
  return [counts.join(" ") || "nothing", ...(names.length > 0 ? [names.join(", ")] : [])].join(": ");
}

/** The images of a version that the version before had not, `part id`, the id's first digits; all in the first. */
function newImages(entry: Deployed, before: Deployed | undefined): string {
  const old = before?.record?.images ?? {};
  return Object.entries(entry.record?.images ?? {})
    .filter(([part, { id }]) => old[part]?.id !== id)
    .map(([part, { id }]) => `${part} ${id.replace(/^sha256:/, "").slice(0, 12)}`)
    .join(", ");
}

/** Whether it passed the tests after it; empty where it did not come so far, or no host knows. */
function works({ record }: Deployed): string {
  const ok = record?.validation?.ok;
  return ok === undefined ? "" : ok ? "yes" : "NO";
}

/** The versions as a table, a line each. */
export function formatHistory(entries: readonly Deployed[]): string {
  if (entries.length === 0) {
    return "nothing was deployed yet";
  }
  let before: Deployed | undefined;
  const rows = entries.map((entry) => {
    const { version, began, kind, result, seconds, commit = "unknown", dirty, author = "", message } = entry;
    const row = [
      String(version),
      began.replace(".000Z", "Z"),
      entry.record?.redeployOf === undefined ? kind : `${kind}, back to ${entry.record.redeployOf}`,
      result,
      works(entry),
      `${seconds} s`,
      `${commit.slice(0, 12)}${dirty ? "-dirty" : ""}`,
      author,
      changed(entry),
      newImages(entry, before),
      message.split("\n")[0] ?? "",
    ];
    before = entry.record?.images === undefined ? before : entry;
    return row;
  });
  return table([head, ...rows]);
}
