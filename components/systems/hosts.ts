import * as pulumi from "@pulumi/pulumi";
import { nodeAddress } from "../config/cluster";
import { HostConfig, StackConfig } from "../config/schema";
import { GridVm } from "../grid/gridVm";
import { reachOf } from "../host/facts";
import { Host } from "../host/host";
import { LocalEngine } from "../host/localEngine";
import { Vps } from "../host/vps";
import { Cluster } from "../swarm/cluster";

function host(
  name: string,
  config: HostConfig,
  { sitePorts, fleet, encrypted }: { sitePorts: number[]; fleet: string[]; encrypted: boolean },
): Host {
  const ports = config.roles.includes("edge") ? sitePorts : [];
  if (config.kind === "local") {
    return new LocalEngine(name, { socket: config.socket, ports });
  }
  const { address, port, user, hostKey, identity, deployUser, docker: engine } = config;
  const { minimum, recommended, environment, gridVm, hardening } = config;
  return new Vps(name, {
    endpoint: { address, port, user, hostKey, identity },
    deployUser,
    engine,
    minimum,
    recommended,
    ports,
    fleet,
    encrypted,
    environment,
    hardening,
    after:
      gridVm?.cancel === true
        ? [new GridVm(`${name}-vm`, { host: name, name: gridVm.name, address }).ready]
        : [],
  });
}

/**
 * Whether what services say to each other between hosts is encrypted: as somebody decided, or else where hosts reach each
 * other by public addresses, where others could read it.
 */
function encrypts({ hosts: all, cluster: { encrypted } }: StackConfig): boolean {
  const addresses = Object.values(all).flatMap((one) => nodeAddress(one) ?? []);
  return encrypted ?? (addresses.length > 1 && addresses.some((address) => reachOf(address) === "public"));
}

/** The hosts of a stack, by their names in the config, in the order of their names. */
export function hosts(config: StackConfig): Map<string, Host> {
  const sitePorts = [config.edge.ports.http, config.edge.ports.https];
  const names = Object.keys(config.hosts).sort();
  const encrypted = names.length > 1 && encrypts(config);
  const addressOf = (name: string) => {
    const own = config.hosts[name];
    return own === undefined ? undefined : nodeAddress(own);
  };
  return new Map(
    Object.entries(config.hosts).map(([name, value]) => {
      const fleet = names.filter((other) => other !== name).flatMap((other) => addressOf(other) ?? []);
      return [name, host(name, value, { sitePorts, fleet, encrypted })];
    }),
  );
}

/** The stack's hosts as one swarm. */
export function cluster(config: StackConfig, machines: ReadonlyMap<string, Host>): Cluster {
  const managers = Object.values(config.hosts).filter(({ roles }) => roles.includes("manager")).length;
  if (managers % 2 === 0) {
    void pulumi.log.warn(
      `hypha:hosts: has ${managers} managers, and a swarm of ${managers} outlives no more of them than one of ${managers - 1}: it stops when half are gone; make it 1, 3 or 5`,
    );
  }
  const nodes = [...machines].map(([name, machine]) => {
    const settings = config.hosts[name];
    const address = settings === undefined ? undefined : nodeAddress(settings);
    // Alone, a host needs no address that others know: it takes what it finds itself to have.
    const alone = machines.size === 1 ? machine.facts.address : undefined;
    return [
      name,
      { host: machine, roles: settings?.roles ?? [], address: alone ?? address ?? machine.facts.address },
    ] as const;
  });
  return new Cluster("cluster", {
    nodes: Object.fromEntries(nodes),
    ...config.cluster,
    encrypted: encrypts(config),
  });
}
