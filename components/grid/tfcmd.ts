import { reachOf } from "../host/facts";

/** A virtual machine on the ThreeFold Grid, as `tfcmd deploy vm` takes it. */
export interface GridVm {
  /** Name of the deployment: letters and digits, the account's own. */
  name: string;
  /** Number of the node it runs on. */
  node: number;
  cpus: number;
  /** GiB of memory. */
  memoryGiB: number;
  /** GiB of its root file system, where the Docker engine keeps its data. */
  diskGiB: number;
  /** Path of the public key that may log in as root. */
  keyFile: string;
}

/**
 * An image that boots systemd, which tfcmd's own default does not. The grid's list of official images names the entry
 * point that goes with it.
 */
const image = {
  flist: "https://hub.grid.tf/tf-official-vms/ubuntu-24.04-full.flist",
  entrypoint: "/sbin/zinit init",
};

/** Arguments of `tfcmd` that deploy the machine. */
export function deployArguments(vm: GridVm): string[] {
  return [
    ...["deploy", "vm", "--name", vm.name, "--ssh", vm.keyFile, "--node", String(vm.node)],
    ...["--cpu", String(vm.cpus), "--memory", String(vm.memoryGiB), "--rootfs", String(vm.diskGiB)],
    ...["--flist", image.flist, "--entrypoint", image.entrypoint, "--mycelium"],
  ];
}

// eslint-disable-next-line no-control-regex -- escape sequences start with one
const colours = /\u001b\[[0-9;]*m/g;

function sound(address: string | undefined): string | undefined {
  return address !== undefined && address.includes(":") && reachOf(address) === "overlay"
    ? address
    : undefined;
}

/** The Mycelium address in what `tfcmd deploy vm` said, if it got that far. */
export function deployedAddress(said: string): string | undefined {
  return sound(/\bvm mycelium ip: ([0-9a-f:]+)\s*$/m.exec(said.replace(colours, ""))?.[1]);
}

/** The Mycelium address in what `tfcmd get vm` said: JSON after a line of its log. */
export function knownAddress(said: string): string | undefined {
  return sound(/"mycelium_ip": "([0-9a-f:]+)"/.exec(said.replace(colours, ""))?.[1]);
}

/** Whether `tfcmd get vm` failed because the account has no such machine, and not because it could not look. */
export function isUnknown(said: string): boolean {
  return /couldn't find any contracts with name/.test(said);
}
