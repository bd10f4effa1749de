import { z } from "zod";

const tag = () =>
  z
    .string()
    .regex(/^[0-9a-f]{12}$/, {
      error:
        "is no tag of an image; fix: write the 12 hex digits that stand behind its name in make history JSON=1",
    })
    .optional()
    .describe("Tag of an image that a host of the stack has");

export const release = z
  .strictObject({
    rollbackOnFailure: z
      .boolean()
      .default(false)
      .describe(
        "Whether make up puts the last good version back by itself where a deployment or the tests after it fail; the variable ROLLBACK_ON_FAILURE wins. Default: false",
      ),
    images: z
      .strictObject({ bridge: tag(), gateway: tag(), frontend: tag() })
      .prefault({})
      .describe(
        "Images that are used as they are on the hosts, whatever their source has become; make redeploy writes it for itself",
      ),
  })
  .describe("How a version is deployed");
