import { table } from "../../components/shell/table";

/** One thing that was looked at before a deployment. */
export interface Check {
  name: string;
  verdict: "ok" | "warn" | "FAILED";
  /** What was found. */
  what: string;
  /** What to do; for what is not ok. */
  fix?: string;
}

/** Whether a deployment may begin. */
export const passed = (checks: readonly Check[]): boolean =>
  checks.every(({ verdict }) => verdict !== "FAILED");

/** A line for each check; below it what to do. */
export function formatChecks(checks: readonly Check[]): string {
  const rows = checks.map(({ name, verdict, what }) => [verdict, name, what.split("\n")[0] ?? ""]);
  return table(rows)
    .split("\n")
    .flatMap((line, index) => {
      const { what = "", fix } = checks[index] ?? {};
      const more = what.split("\n").slice(1);
      return [
        line,
        ...more.map((text) => `        ${text}`),
        ...(fix === undefined ? [] : [`        what to do: ${fix}`]),
      ];
    })
    .join("\n");
}
