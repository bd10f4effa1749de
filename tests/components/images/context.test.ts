import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { contentTag, contextFiles } from "../../../components/images/context";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hypha-context-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** A directory with these files; the mode is that of a program where the name ends in `!`. */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(root, name), { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    const path = join(root, name, file.replace(/!$/, ""));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, file.endsWith("!") ? 0o755 : 0o644);
  }
  return join(root, name);
}

const image = { Dockerfile: "FROM x\n", "entrypoint!": "#!/bin/sh\n", "conf/a.conf": "a\n" };
const args = { BASE: "debian:bookworm-slim", PACKAGES: "" };
const tag = (files: Readonly<Record<string, string>>, name = "image") =>
  contentTag(contextFiles(tree(name, files)), args);

test("files are listed by where they stand, the application's under app/, with who may run them", () => {
  const directory = tree("image", image);
  const app = tree("application", { "run!": "x", "static/index.html": "<p>" });
  expect(contextFiles(directory, app)).toEqual([
    { target: "Dockerfile", source: join(directory, "Dockerfile"), executable: false },
    { target: "app/run", source: join(app, "run"), executable: true },
    { target: "app/static/index.html", source: join(app, "static/index.html"), executable: false },
    { target: "conf/a.conf", source: join(directory, "conf/a.conf"), executable: false },
    { target: "entrypoint", source: join(directory, "entrypoint"), executable: true },
  ]);
});

test("links are followed to what they name, a directory too", () => {
  const elsewhere = tree("elsewhere", { "file!": "x" });
  const directory = tree("image", { Dockerfile: "FROM x\n" });
  symlinkSync(elsewhere, join(directory, "linked"));
  expect(contextFiles(directory).map(({ target, executable }) => [target, executable])).toEqual([
    ["Dockerfile", false],
    ["linked/file", true],
  ]);
});

test.each([
  ["a missing image", () => contextFiles(join(root, "none")), /none is no directory/],
  ["an empty image", () => contextFiles(tree("empty", {})), /empty is empty/],
  [
    "an image that is a file",
    () => contextFiles(join(tree("image", image), "Dockerfile")),
    /Dockerfile is no directory/,
  ],
  [
    "a missing application",
    () => contextFiles(tree("image", image), join(root, "none")),
    /none is no directory/,
  ],
  ["an empty application", () => contextFiles(tree("image", image), tree("empty", {})), /empty is empty/],
])("%s is an error that names it", (_, read, message) => {
  expect(read).toThrow(message);
});

test("the tag is 12 hex digits, the same for a copy elsewhere made in another order", () => {
  const first = tag(image);
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  expect(tag(Object.fromEntries(Object.entries(image).reverse()), "copy")).toBe(first);
});

test("times and permissions other than the owner's x do not count", () => {
  const first = tag(image);
  const directory = join(root, "image");
  utimesSync(join(directory, "Dockerfile"), 0, 0);
  chmodSync(join(directory, "Dockerfile"), 0o600);
  chmodSync(join(directory, "entrypoint"), 0o700);
  expect(contentTag(contextFiles(directory), args)).toBe(first);
});

test.each([
  ["content", { ...image, Dockerfile: "FROM y\n" }],
  ["a file's name", { Dockerfile: image.Dockerfile, "entrypoint!": "#!/bin/sh\n", "conf/b.conf": "a\n" }],
  ["a file more", { ...image, more: "" }],
  ["a file less", { Dockerfile: image.Dockerfile }],
  ["the right to run it", { Dockerfile: image.Dockerfile, entrypoint: "#!/bin/sh\n", "conf/a.conf": "a\n" }],
])("%s changes the tag", (_, files) => {
  expect(tag(files, "changed")).not.toBe(tag(image));
});

test("an application's file and a build argument change the tag; the order of arguments does not", () => {
  const directory = tree("image", image);
  const withApp = (name: string, text: string) =>
    contentTag(contextFiles(directory, tree(name, { run: text })), args);
  const plain = contentTag(contextFiles(directory), args);
  expect(new Set([plain, withApp("one", "1"), withApp("two", "2")]).size).toBe(3);
  expect(withApp("three", "1")).toBe(withApp("one", "1"));
  const files = contextFiles(directory);
  expect(contentTag(files, { ...args, PACKAGES: "python3" })).not.toBe(plain);
  expect(contentTag(files, { BASE: args.BASE })).not.toBe(plain);
  expect(contentTag(files, { PACKAGES: args.PACKAGES, BASE: args.BASE })).toBe(plain);
});

test("for random files the tag is determined by them, and moves with any one of them", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const random = fc.dictionary(name, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 5 });
  let run = 0;
  fc.assert(
    fc.property(random, fc.string({ minLength: 1, maxLength: 5 }), (files, more) => {
      run += 1;
      const [first = ""] = Object.keys(files);
      const reversed = Object.fromEntries(Object.entries(files).reverse());
      expect(tag(reversed, `b${run}`)).toBe(tag(files, `a${run}`));
      expect(tag({ ...files, [first]: `${files[first] ?? ""}${more}` }, `c${run}`)).not.toBe(
        tag(files, `d${run}`),
      );
    }),
    { numRuns: 100 },
  );
});
