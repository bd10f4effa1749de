import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Channel } from "./channel";

/** What a host was found to have; sizes are whole MiB. Measured when its preflight last ran. */
export interface HostFacts {
  hostname: string;
  /** `ID` and `VERSION_ID` of os-release, e.g. `debian 12`. */
  os: string;
  kernel: string;
  /** As `uname -m` says: `x86_64`, `aarch64`. */
  architecture: string;
  cpus: number;
  memoryMiB: number;
  /** Free space where the engine keeps its data. */
  diskFreeMiB: number;
  /** As systemd-detect-virt says; `none` on bare metal. */
  virtualisation: string;
  /** Address the host reaches its default route from. */
  address: string;
  /** What is short of the recommended; the deployment goes on. */
  warnings: string[];
}

/** A machine that workloads run on. `LocalEngine` and `Vps` are the two kinds. */
export interface Host {
  /** The host's key in the config. */
  readonly name: string;
  /** How scripts reach it once it is prepared. */
  readonly channel: Channel;
  /** The host's Docker API. */
  readonly provider: docker.Provider;
  readonly facts: pulumi.Output<HostFacts>;
  /** Wait for this: the host is checked and its engine answers. */
  readonly ready: pulumi.Resource;
}

/** Reads the one JSON line that a preflight script prints, and shows its warnings. */
export function parseFacts(
  host: pulumi.Resource,
  name: string,
  stdout: pulumi.Output<string>,
): pulumi.Output<HostFacts> {
  return stdout.apply(async (text) => {
    const facts = JSON.parse(text) as HostFacts;
    for (const warning of facts.warnings) {
      await pulumi.log.warn(`${name}: ${warning}`, host);
    }
    return facts;
  });
}
