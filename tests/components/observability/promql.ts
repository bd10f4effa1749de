/** A selector of an expression: the metric, the labels that it matches by name, and the job that it asks for. */
export interface Selector {
  metric: string;
  labels: Readonly<Record<string, string>>;
}

const words = new Set([
  "and",
  "or",
  "unless",
  "on",
  "ignoring",
  "by",
  "without",
  "bool",
  "offset",
  "inf",
  "nan",
]);
const grouping = /\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;

/** The selectors of a PromQL expression; promtool has parsed it, so a scanner is enough. */
export function selectors(expr: string): Selector[] {
  const bare = expr
    .replace(grouping, " ")
    .replace(/\b(?:group_left|group_right)\b/g, " ")
    .replace(/\[[^\]]*\]/g, " ");
  const found: Selector[] = [];
  const scanner =
    /"(?:[^"\\]|\\.)*"|([A-Za-z_:][A-Za-z0-9_:]*)\s*(\(|\{((?:[^}"]|"(?:[^"\\]|\\.)*")*)\})?|\d[\w.]*/g;
  for (const [, metric, after, matchers] of bare.matchAll(scanner)) {
    if (metric === undefined || after === "(" || words.has(metric.toLowerCase())) continue;
    const labels = [...(matchers ?? "").matchAll(/([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g)];
    found.push({
      metric,
      labels: Object.fromEntries(labels.map(([, name = "", sign = "", value = ""]) => [name, sign + value])),
    });
  }
  return found;
}

/** The labels that an expression groups or matches by. */
export function groupedBy(expr: string): string[] {
  return [...expr.matchAll(grouping)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((label) => label.trim())
      .filter((label) => label !== ""),
  );
}
