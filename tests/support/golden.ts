import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const goldenFiles = join(__dirname, "..", "golden", "files");

/**
 * Expects the files committed in a directory to be what is rendered, and no other file there. `npm run golden` writes them
 * anew: look at what changed with git diff before you commit them.
 */
export function expectGolden(directory: string, rendered: Readonly<Record<string, string>>): void {
  const path = join(goldenFiles, directory);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(path, { recursive: true });
    Object.entries(rendered).forEach(([file, text]) => {
      writeFileSync(join(path, file), text);
    });
  }
  // A file that nothing renders any more is to be removed.
  expect(readdirSync(path).sort()).toEqual(Object.keys(rendered).sort());
  for (const [file, text] of Object.entries(rendered)) {
    expect(`${file}\n${text}`).toBe(`${file}\n${readFileSync(join(path, file), "utf8")}`);
  }
}
