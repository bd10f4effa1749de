import { HostConfig, StackConfig } from "../config/schema";
import { Host } from "../host/host";
import { LocalEngine } from "../host/localEngine";
import { Vps } from "../host/vps";

function host(name: string, config: HostConfig, sitePorts: number[]): Host {
  const ports = config.roles.includes("edge") ? sitePorts : [];
  if (config.kind === "local") {
    return new LocalEngine(name, { socket: config.socket, ports });
  }
  const {
    address,
    port,
    user,
    hostKey,
    identity,
    deployUser,
    docker: engine,
    minimum,
    recommended,
    hardening,
  } = config;
  return new Vps(name, {
    endpoint: { address, port, user, hostKey, identity },
    deployUser,
    engine,
    minimum,
    recommended,
    ports,
    hardening,
  });
}

/** The hosts of a stack, by their names in the config. */
export function hosts(config: StackConfig): Map<string, Host> {
  const sitePorts = [config.edge.ports.http, config.edge.ports.https];
  return new Map(Object.entries(config.hosts).map(([name, value]) => [name, host(name, value, sitePorts)]));
}
