import { z } from "zod";
import { plainText, sha256, whenSound } from "./fields";

const sample = z
  .strictObject({ kind: z.literal("sample") })
  .describe("The small stand-in of lab/apps, which honours the part's contract");

const artifacts = z
  .strictObject({
    kind: z.literal("artifacts"),
    path: plainText()
      .optional()
      .describe("Directory with the built files, absolute or from the project's directory"),
    url: z
      .url({
        protocol: /^https?$/,
        error: "is no URL; fix: write an http:// or https:// address of an archive",
      })
      .optional()
      .describe("Address of an archive of the built files; needs sha256"),
    sha256: sha256()
      .optional()
      .describe("SHA-256 in hex of the executable, of the directory tree, or of the archive behind url"),
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
      .regex(/^(https?:\/\/|ssh:\/\/|git@)[^\s\u0000-\u001f]+$/, {
        error: "is no repository address; fix: write one that starts with https://, ssh:// or git@",
      })
      .describe("Address of the repository"),
    ref: z
      .string()
      .max(255)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, { error: "is no git ref; fix: write a commit, tag or branch" })
      .describe("Commit, tag or branch; a commit is the only one that cannot move"),
  })
  .describe("Built from source; slow (over ten minutes and 2 GB for the real bridge and gateway)");

const image = z
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
