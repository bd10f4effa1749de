import { z } from "zod";
import { plainText, sha256, whenSound } from "./fields";

/** Addresses are shown, logged and stored as they are. `git@` and `ssh://user@` name an account only. */
const holdsNoPassword = (url: string): boolean =>
  !/^https?:\/\/[^/?#]*@/.test(url) && !/^ssh:\/\/[^/?#@]*:[^/?#@]*@/.test(url);
const noPassword = {
  error: "holds a user name or password; fix: leave it out and let git or the server know you otherwise",
};

export const sample = z
  .strictObject({ kind: z.literal("sample") })
  .describe("The small stand-in of lab/apps, which honours the part's contract");

export const artifacts = z
  .strictObject({
    kind: z.literal("artifacts"),
    path: plainText()
      .optional()
      .describe("Directory with the built files, absolute or from the project's directory"),
    url: z
      .url({
        protocol: /^https?$/,
        error: "is no URL; fix: write an http:// or https:// address of a .tar.gz",
      })
      .refine(holdsNoPassword, noPassword)
      .optional()
      .describe("Address of a .tar.gz of the built files; needs sha256"),
    sha256: sha256()
      .optional()
      .describe(
        "SHA-256 in hex: of the archive behind url; of the directory path, what " +
          "`find . -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum` says in it",
      ),
  })
  .refine((source) => (source.path === undefined) !== (source.url === undefined), {
    ...whenSound("path", "url"),
    error: "needs exactly one of path and url; fix: keep the one you use",
  })
  .refine((source) => source.url === undefined || source.sha256 !== undefined, {
    path: ["sha256"],
    ...whenSound("url", "sha256"),
    error: "is missing beside url; fix: write the archive's SHA-256 in hex",
  })
  .describe("Files built elsewhere");

const git = z
  .strictObject({
    kind: z.literal("git"),
    url: z
      .string()
      .regex(/^(https?:\/\/|ssh:\/\/|git@)[\x21-\x7e]+$/, {
        error: "is no repository address; fix: write one that starts with https://, ssh:// or git@",
      })
      .refine(holdsNoPassword, noPassword)
      .describe("Address of the repository"),
    ref: z
      .string()
      .max(255)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, { error: "is no git ref; fix: write a commit, tag or branch" })
      .describe("Commit, tag or branch; a commit is the only one that cannot move"),
    build: plainText().describe(
      "Command line for bash, run at the top of the checkout, like: npm ci && npx vite build",
    ),
    output: plainText()
      .refine((path) => !path.startsWith("/") && !path.split("/").includes(".."), {
        error: "leads out of the checkout; fix: write a path below it, like dist",
      })
      .describe("Directory that the build leaves with the files to deploy, from the top of the checkout"),
  })
  .describe(
    "Built from source on this machine; slow (over ten minutes and 2 GB for the real bridge and gateway)",
  );

export const image = z
  .strictObject({
    kind: z.literal("image"),
    reference: z
      .string()
      .regex(/^[a-z0-9][a-zA-Z0-9._/:-]*@sha256:[0-9a-f]{64}$/, {
        error: "is not pinned by digest; fix: write name@sha256: and 64 hex digits",
      })
      .describe("Image reference pinned by digest: name@sha256:<64 hex digits>"),
  })
  .describe("A ready image");

export const source = z
  .discriminatedUnion("kind", [sample, artifacts, git, image])
  .prefault({ kind: "sample" })
  .describe("Where the application comes from: sample, artifacts, git or image. Default: { kind: sample }");

export type Source = z.infer<typeof source>;
