import { z } from "zod";

/** What a new set is judged by once it takes requests. */
const judged = () => ({
  confirmSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(30)
    .describe(
      "Seconds that all requests go to the new set before the old one is removed, 5 to 3600. Default: 30",
    ),
  maxErrorPercent: z
    .number()
    .min(0)
    .max(100)
    .default(5)
    .describe("The most of its requests, in percent, that may end with 500 or above. Default: 5"),
  maxLatencyMilliseconds: z
    .int()
    .min(10)
    .max(120_000)
    .default(3000)
    .describe("What 95 % of its requests are to be answered within, in milliseconds. Default: 3000"),
});

const rolling = z
  .strictObject({ kind: z.literal("rolling") })
  .describe("Container by container, each gated by its health check");

const blueGreen = z
  .strictObject({ kind: z.literal("blue-green"), ...judged() })
  .describe("A new set beside the old one, which takes all requests at once and is judged");

const canary = z
  .strictObject({
    kind: z.literal("canary"),
    percent: z
      .int()
      .min(1)
      .max(50)
      .default(10)
      .describe("Part of the clients that the new set serves first, in percent, 1 to 50. Default: 10"),
    seconds: z
      .int()
      .min(5)
      .max(86_400)
      .default(60)
      .describe("Seconds that it serves that part, 5 to 86400. Default: 60"),
    ...judged(),
  })
  .describe("A new set beside the old one, which takes a part of the clients first, then all");

/** How a new version of a service without data takes over. */
export const strategy = z
  .discriminatedUnion("kind", [rolling, blueGreen, canary])
  .prefault({ kind: "rolling" })
  .describe("How a new version takes over: rolling, blue-green or canary. Default: { kind: rolling }");

/** The same key where there is nothing to choose, so that the refusal says why. */
export const onlyRolling = (data: string) =>
  z
    .strictObject({
      kind: z
        .string()
        .refine((kind) => kind === "rolling", {
          error: `must be rolling: two versions at once would write the same ${data}; fix: remove strategy`,
        })
        .default("rolling")
        .describe(`rolling, as two versions at once would write the same ${data}. Default: rolling`),
    })
    .optional()
    .describe("How a new version takes over");

export type Strategy = z.infer<typeof strategy>;
export type StagedStrategy = Exclude<Strategy, { kind: "rolling" }>;
