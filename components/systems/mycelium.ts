import { isIPv6 } from "node:net";
import { nodeAddress } from "../config/cluster";
import { myceliumPorts } from "../config/mycelium";
import { HostConfig, MyceliumConfig, StackConfig } from "../config/schema";
import { Host } from "../host/host";
import { Vps } from "../host/vps";
import { MyceliumApi, MyceliumNode } from "../mycelium/mycelium";
import { Program } from "../mycelium/program";

function program({ source }: MyceliumConfig): Program {
  return source.kind === "sample" ? { kind: "file", path: "lab/apps/mycelium/mycelium" } : source;
}

/** The configured nodes, and the stack's other servers where their address is known: a node resolves no names. */
export function peersOf(
  own: string,
  hosts: Readonly<Record<string, HostConfig>>,
  configured: readonly string[],
): string[] {
  const fleet = Object.entries(hosts)
    .flatMap(([name, host]) => (name === own ? [] : (nodeAddress(host) ?? [])))
    .map((address) => `tcp://${isIPv6(address) ? `[${address}]` : address}:${myceliumPorts.peers}`);
  return [...new Set([...configured, ...fleet])].sort();
}

/** A Mycelium node on each server of the stack, by the hosts' names; none where the configuration has no section. */
export function myceliumNodes(
  config: StackConfig,
  machines: ReadonlyMap<string, Host>,
): Map<string, MyceliumNode> {
  const nodes = new Map<string, MyceliumNode>();
  const { mycelium } = config;
  if (mycelium === undefined) return nodes;
  for (const [name, host] of machines) {
    if (host instanceof Vps) {
      const peers = peersOf(name, config.hosts, mycelium.peers);
      nodes.set(
        name,
        new MyceliumNode(`${name}-mycelium`, { host, program: program(mycelium), peers, tun: mycelium.tun }),
      );
    }
  }
  return nodes;
}

/** The way to the node's API for what may run on any of these hosts; none where one of them has no node. */
export function apiOnEach(
  machines: readonly Host[],
  nodes: ReadonlyMap<string, MyceliumNode>,
): MyceliumApi | undefined {
  const apis = machines.flatMap(({ name }) => nodes.get(name)?.api ?? []);
  const [first] = apis;
  return first !== undefined && apis.length === machines.length
    ? { ...first, after: apis.flatMap(({ after }) => after) }
    : undefined;
}
