import { z } from "zod";

/** Where a host runs: a ThreeFold Grid node, a provider's cloud, or hardware of one's own. */
export const environmentKinds = ["tfgrid", "cloud", "local"] as const;
export type EnvironmentKind = (typeof environmentKinds)[number];

export const environment = z
  .enum(environmentKinds)
  .optional()
  .describe(
    "Where it runs: tfgrid (a ThreeFold Grid VM), cloud or local; defaults follow from it. Default: what the server shows",
  );
