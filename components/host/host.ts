import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { EnvironmentKind } from "../config/environment";
import { Channel } from "./channel";
import { HostFacts, readFacts } from "./facts";

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

/** Reads the one JSON line that a preflight script prints, and shows its warnings; `environment` is configured. */
export function parseFacts(
  host: pulumi.Resource,
  name: string,
  stdout: pulumi.Output<string>,
  environment?: EnvironmentKind,
): pulumi.Output<HostFacts> {
  return stdout.apply(async (text) => {
    const facts = readFacts(text, environment);
    for (const warning of facts.warnings) {
      await pulumi.log.warn(`${name}: ${warning}`, host);
    }
    return facts;
  });
}
