import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";

/** One file of a build context: where it stands in the context, where it comes from, whether it is executable. */
export interface ContextFile {
  target: string;
  source: string;
  executable: boolean;
}

function walk(directory: string, prefix: string): ContextFile[] {
  return fs.readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const source = path.join(directory, entry.name);
    const target = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (fs.statSync(source).isDirectory()) {
      return walk(source, target);
    }
    return [{ target, source, executable: (fs.statSync(source).mode & 0o100) !== 0 }];
  });
}

/**
 * The files of a build context, sorted by where they stand in it: the image's directory, and the application's
 * under `app/`.
 * @throws Error naming the directory that is missing or empty
 */
export function contextFiles(directory: string, app?: string): ContextFile[] {
  const files = [directory, ...(app === undefined ? [] : [app])].flatMap((root, index) => {
    if (!fs.existsSync(root) || !fs.statSync(root).isDirectory()) {
      throw new Error(`${root} is no directory: an image cannot be built from it`);
    }
    const found = walk(root, index === 0 ? "" : "app");
    if (found.length === 0) {
      throw new Error(`${root} is empty: an image cannot be built from it`);
    }
    return found;
  });
  return files.sort((a, b) => (a.target < b.target ? -1 : 1));
}

/**
 * The first 12 hex digits of the SHA-256 of all that makes an image: each file's place, executable bit and content,
 * and the build arguments. Owners, times, other permission bits and the order of a directory do not count.
 */
export function contentTag(files: ContextFile[], buildArgs: Record<string, string>): string {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = createHash("sha256").update(fs.readFileSync(file.source)).digest("hex");
    hash.update(`${JSON.stringify([file.target, file.executable])} ${content}\n`);
  }
  for (const key of Object.keys(buildArgs).sort()) {
    hash.update(`${JSON.stringify([key, buildArgs[key]])}\n`);
  }
  return hash.digest("hex").slice(0, 12);
}

/**
 * SHA-256 in hex over a directory's files, the same as
 * `find . -type f | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum` says in it.
 */
export function treeDigest(directory: string): string {
  const lines = contextFiles(directory)
    .map(({ target, source }) => ({ target: `./${target}`, source }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.target), Buffer.from(b.target)))
    .map(({ target, source }) => {
      const digest = createHash("sha256").update(fs.readFileSync(source)).digest("hex");
      return `${digest}  ${target}\n`;
    });
  return createHash("sha256").update(lines.join("")).digest("hex");
}
