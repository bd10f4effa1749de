import { z } from "zod";
import { defaultBaseImage } from "./versions";

export const images = z
  .strictObject({
    base: z
      .string()
      .max(255)
      .regex(/^[a-z0-9][a-z0-9._/:@-]*$/, {
        error: "is no image reference; fix: write one like debian:bookworm-slim",
      })
      .default(defaultBaseImage)
      .describe(`Debian image that Hypha's images are built on. Default: ${defaultBaseImage}`),
    buildOn: z
      .enum(["local", "target"])
      .default("local")
      .describe(
        "Engine that builds: local (this machine's, then sent over SSH) or target (the server's own). Default: local",
      ),
    keep: z
      .int()
      .min(2)
      .max(100)
      .default(5)
      .describe(
        "Versions of each image that stay on an engine, besides those in use: what a way back needs. Default: 5",
      ),
  })
  .describe("How images are built");

export type Images = z.infer<typeof images>;
