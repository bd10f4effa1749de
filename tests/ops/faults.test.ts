import { readFileSync } from "fs";
import { join } from "path";
import { otherFaults, ownFaults } from "../e2e/support/faults";

const read = (...parts: string[]) => readFileSync(join(__dirname, "..", "..", ...parts), "utf8");

/** The first cells of all rows of the tables in docs/faults.md, heads left out. */
const documented = read("docs", "faults.md")
  .split("\n")
  .filter((line) => /^\| /.test(line) && !/^\| (fault|-+) /.test(line))
  .map((line) => (line.split("|")[1] ?? "").trim());

test("docs/faults.md has a row for each fault of the story, in its order, then for those of other stories, and no other", () => {
  expect(documented).toEqual([...ownFaults, ...Object.keys(otherFaults)]);
});

test("each fault of another story is the title of a test there", () => {
  for (const { story, title } of Object.values(otherFaults)) {
    expect(read("tests", "e2e", story)).toContain(`"${title}"`);
  }
});

test("each fault of the story is met there", () => {
  const story = read("tests", "e2e", "faults.test.ts");
  expect(ownFaults.filter((name) => !story.includes(`"${name}"`))).toEqual([]);
});
