import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderAlloy, renderLokiYml } from "../../../components/observability/logsRender";

const settings = { stack: "prod", host: "web1", loki: "hypha-prod-loki:3100", journal: true };
/** As an operator may name stacks and hosts. */
const rendered = [
  settings,
  { ...settings, journal: false },
  { ...settings, stack: "a-b2", host: "db-1" },
].map(renderAlloy);

test("whatever Alloy hands on has somebody to take it, and every part of it is used", () => {
  for (const text of rendered) {
    const parts = [...text.matchAll(/^([a-z.]+_?[a-z]*) "(\w+)" \{$/gm)].map(
      ([, kind, name]) => `${kind}.${name}`,
    );
    expect(new Set(parts).size).toBe(parts.length);
    const used = [...text.matchAll(/\b(l(?:oki|ocal)\.[a-z_.]+\.\w+)\.(?:receiver|targets|rules)\b/g)].map(
      ([, part]) => part ?? "",
    );
    expect(used.filter((part) => !parts.includes(part))).toEqual([]);
    const sources = parts.filter((part) => part.startsWith("loki.source."));
    expect(new Set([...used, ...sources])).toEqual(new Set(parts));
    expect(sources).toHaveLength(text.includes("journal") ? 2 : 1);
    // Outside of quotes what is opened is closed.
    const open = text.replace(/"(?:\\.|[^"\\])*"/g, "");
    for (const [left, right] of ["{}", "[]"].map((pair) => pair.split(""))) {
      expect(open.split(left ?? "").length).toBe(open.split(right ?? "").length);
    }
  }
});

test("a line is the stack's where its service is, by the service's name without the stack's", () => {
  const [text = ""] = rendered;
  const expression = JSON.parse(/expression = (".*")/.exec(text)?.[1] ?? '""') as string;
  const service = new RegExp(expression.replace("?P<", "?<"));
  expect(service.exec("hypha-prod-postgres-exporter")?.groups?.["service"]).toBe("postgres-exporter");
  expect(service.exec("hypha-prod2-edge")).toBeNull();
  expect(service.exec("another")).toBeNull();
});

/** Checks by the program itself, where one is given: it is no package of Debian's. */
function byProgram(
  variable: string,
  title: string,
  body: (program: string, directory: string) => void,
): void {
  const program = process.env[variable];
  if (program === undefined) {
    test.skip(`${title} (skipped: ${variable}=<file> names none)`, () => undefined);
    return;
  }
  test(title, () => {
    const directory = mkdtempSync(join(tmpdir(), "hypha-logs-"));
    try {
      body(program, directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

byProgram("HYPHA_LOKI", "Loki takes its configuration", (loki, directory) => {
  const file = join(directory, "loki.yml");
  for (const days of [1, 14, 3650]) {
    writeFileSync(file, renderLokiYml({ days }));
    const { status, stdout, stderr } = spawnSync(loki, ["-verify-config", `-config.file=${file}`], {
      encoding: "utf8",
    });
    expect({ status, said: status === 0 ? "" : `${stdout}${stderr}` }).toEqual({ status: 0, said: "" });
  }
});

byProgram(
  "HYPHA_ALLOY",
  "Alloy takes its configuration, which is written as Alloy would",
  (alloy, directory) => {
    const file = join(directory, "config.alloy");
    for (const text of rendered) {
      writeFileSync(file, text);
      for (const verb of [["fmt", "--test"], ["validate"]]) {
        const { status, stdout, stderr } = spawnSync(alloy, [...verb, file], { encoding: "utf8" });
        expect({ verb, status, said: status === 0 ? "" : `${stdout}${stderr}` }).toEqual({
          verb,
          status: 0,
          said: "",
        });
      }
    }
  },
);
