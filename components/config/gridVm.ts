import { z } from "zod";

/** tfcmd's own rule for names. */
export const gridVmName = () =>
  z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,35}$/, {
    error: "is no name of a grid VM; fix: write letters and digits, a letter first, 36 at most",
  });

export const gridVm = z
  .strictObject({
    name: gridVmName().describe("Name of its deployment, as tfcmd knows it"),
    cancel: z
      .boolean()
      .default(false)
      .describe(
        "true: destroy cancels the VM, and all data on it is lost; false: it stays, and costs. Default: false",
      ),
  })
  .optional()
  .describe("The ThreeFold Grid VM that the server is, made by make grid-vm. Default: none");
