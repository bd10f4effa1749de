import { readdirSync } from "node:fs";
import { parse } from "yaml";
import { projectFile, root } from "../fixtures";
import { problemsOf } from "../../support/config";

const files = readdirSync(`${root}/examples`).filter(
  (file) => file.endsWith(".yaml") && projectFile("examples", file).includes("\nconfig:\n"),
);

test.each(files)("examples/%s is a configuration without a problem", (file) => {
  const { config } = parse(projectFile("examples", file), { merge: true }) as {
    config: Record<string, unknown>;
  };
  expect(
    problemsOf(
      Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^hypha:/, ""), value])),
    ),
  ).toEqual([]);
});
