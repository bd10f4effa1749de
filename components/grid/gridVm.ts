import * as pulumi from "@pulumi/pulumi";
import { hostScript } from "../shell/hostScript";

export interface GridVmArgs {
  /** The host's key in the config. */
  host: string;
  /** Name of the deployment, as tfcmd knows it. */
  name: string;
  /** Mycelium address that the configuration has for it. */
  address: string;
}

/**
 * A ThreeFold Grid VM that goes with the stack. After `up` tfcmd was seen to know it at its address; it is deployed
 * before, by `make grid-vm`, as its address and host key are part of the configuration. `destroy` cancels it when
 * everything that is on it is gone. TFGRID_MNEMONIC, or tfcmd's own login, is needed for both.
 */
export class GridVm extends pulumi.ComponentResource {
  /** What runs on it waits for this. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: GridVmArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:grid:GridVm", name, {}, opts);
    this.ready = hostScript(
      `${name}-deployment`,
      {
        // tfcmd speaks to the grid from here.
        channel: { kind: "local", socket: "" },
        script: "grid/scripts/gridVm.sh",
        variables: { HOST_NAME: args.host, VM_NAME: args.name, VM_ADDRESS: args.address },
        undo: true,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
