import { z } from "zod";

const percent = (what: string, otherwise: number) =>
  z
    .int()
    .min(1)
    .max(100)
    .default(otherwise)
    .describe(`Percent of ${what} in use above which a host is warned of. Default: ${otherwise}`);

export const validation = z
  .strictObject({
    failDeployment: z
      .boolean()
      .default(true)
      .describe(
        "Whether make up fails where a check fails; false: it says so and ends well. Warnings never fail it. Default: true",
      ),
    diskPercent: percent("disk space or inodes", 90),
    memoryPercent: percent("memory", 90),
    loadPerCpu: z
      .number()
      .min(0.1)
      .max(1000)
      .default(4)
      .describe("Load (of one minute) for each CPU above which a host is warned of. Default: 4"),
    requests: z
      .int()
      .min(1)
      .max(1000)
      .default(10)
      .describe("Requests to each path whose response times are measured. Default: 10"),
    responseMilliseconds: z
      .int()
      .min(1)
      .max(60000)
      .default(1000)
      .describe("Milliseconds within which 95 % of them are to be answered. Default: 1000"),
  })
  .describe(
    "What make validate expects of the running stack. With this section make up asks all of it after each deployment, not only what the site answers",
  );
