/** One row of `docker service ps`. */
export interface Task {
  id: string;
  name: string;
  node: string;
  /** As the engine tells it, like `Running 5 minutes ago`. */
  state: string;
  /** Whether the engine still wants this task to run. */
  wanted: boolean;
  /** What ended it, else empty. */
  error: string;
}

/** What docker prints with `--format '{{json .}}'`, one object in a line; any other line is left out. */
export function jsonRows(lines: string): Record<string, string>[] {
  return lines.split("\n").flatMap((line) => {
    try {
      const row: unknown = JSON.parse(line);
      return typeof row === "object" && row !== null ? [row as Record<string, string>] : [];
    } catch {
      return [];
    }
  });
}

/** The tasks that `docker service ps` lists, newest first; a row that lacks its columns is left out. */
export function parseTasks(lines: string): Task[] {
  return jsonRows(lines)
    .filter((row) =>
      [row["Name"], row["CurrentState"], row["Error"]].every((cell) => typeof cell === "string"),
    )
    .map((row) => ({
      id: row["ID"] ?? "",
      name: row["Name"] ?? "",
      node: row["Node"] ?? "",
      state: row["CurrentState"] ?? "",
      // Ready is a task that starts as soon as the restart delay is over.
      wanted: ["Running", "Ready"].includes(row["DesiredState"] ?? ""),
      error: row["Error"] ?? "",
    }));
}
