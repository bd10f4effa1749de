import { z } from "zod";
import { artifacts, image, sample } from "./source";
import { Upstream, upstreamImages } from "./versions";

/** Where a program that Debian does not have comes from: its makers' image, unless told otherwise. */
const made = (program: Upstream) =>
  image
    .extend({
      reference: image.shape.reference
        .default(upstreamImages[program])
        .describe(`Image reference pinned by digest. Default: ${upstreamImages[program]}`),
    })
    .describe("Its makers' image, which every engine that runs it pulls");

const toImage = (program: Upstream) => ({ kind: "image", reference: upstreamImages[program] }) as const;

const withSample = (program: Upstream) =>
  z
    .strictObject({
      source: z
        .discriminatedUnion("kind", [made(program), artifacts, sample])
        .prefault(toImage(program))
        .describe(
          `Where ${program} comes from: image, artifacts (a directory that holds the executable ${program}) or sample. Default: { kind: image }`,
        ),
    })
    .prefault({});

/** Where containers' and servers' logs are collected. */
export const logs = z
  .strictObject({
    days: z.int().min(1).max(3650).default(14).describe("Days that lines are kept. Default: 14"),
    journal: z
      .boolean()
      .default(true)
      .describe("Collect what the servers' own units write to the journal, too. Default: true"),
    loki: withSample("loki").describe("Loki, which keeps the lines, on the host that watches"),
    alloy: withSample("alloy").describe("Grafana Alloy, which sends them there, on every host"),
  })
  .describe(
    "Loki and Grafana Alloy. Without this section no logs are collected: make logs asks the containers",
  );

export const grafana = z
  .strictObject({
    source: z
      .discriminatedUnion("kind", [made("grafana"), artifacts])
      .prefault(toImage("grafana"))
      .describe(
        "Where Grafana comes from: image, or artifacts (the unpacked archive with bin, conf and public). Default: { kind: image }",
      ),
  })
  .describe(
    "Grafana with the stack's dashboards, on the host that watches. Without this section there is none",
  );

export type UpstreamSource = z.output<typeof logs>["loki"]["source"] | z.output<typeof grafana>["source"];
