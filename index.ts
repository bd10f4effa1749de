import * as pulumi from "@pulumi/pulumi";
import { configHash, loadConfig } from "./components/config/load";
import { gitRevision } from "./components/config/revision";
import { pulumiVersions, softwareVersions } from "./components/config/versions";
import { hostAccess } from "./components/host/channel";
import { fleetTable } from "./components/host/fleetTable";
import { Chat } from "./components/systems/chat";
import { cluster, hosts } from "./components/systems/hosts";
import { Observability } from "./components/systems/observability";
import { myceliumNodes } from "./components/systems/mycelium";

const config = loadConfig();

// Machines, a swarm and Mycelium nodes on them, and the systems that run in it.
const machines = hosts(config);
const swarm = cluster(config, machines);
const nodes = myceliumNodes(config, machines);
const chat = new Chat("chat", swarm, config, nodes);
// Last: it watches what is there by then.
const watching =
  config.observability === undefined
    ? undefined
    : new Observability("observability", swarm, config, config.observability, chat, nodes);

/** Where the site answers, whatever DNS says: on each of them. */
const siteAddresses = Object.values(config.hosts)
  .filter(({ roles }) => roles.includes("edge"))
  .map((host) => (host.kind === "vps" ? host.address : "127.0.0.1"))
  .sort();

const outputs = {
  url: chat.url,
  siteAddresses,
  certificateAuthority: chat.authority,
  admin: chat.admin.user,
  adminPassword: chat.admin.password,
  ...(watching?.grafana === undefined ? {} : { grafana: watching.grafana }),
  images: chat.images,
  sources: {
    bridge: config.chat.bridge.source.kind,
    gateway: config.chat.gateway.source.kind,
    frontend: config.chat.frontend.source.kind,
    mycelium: config.mycelium?.source.kind,
    loki: config.observability?.logs?.loki.source.kind,
    alloy: config.observability?.logs?.alloy.source.kind,
    grafana: config.observability?.grafana?.source.kind,
  },
  versions: { ...softwareVersions, ...pulumiVersions },
  hosts: Object.fromEntries(
    [...machines].map(([name, host]) => [
      name,
      { ...hostAccess(host.channel), roles: config.hosts[name]?.roles, facts: host.facts },
    ]),
  ),
  fleet: pulumi
    .all(Object.fromEntries([...machines].map(([name, { facts }]) => [name, facts])))
    .apply(fleetTable),
  mycelium: Object.fromEntries(
    [...nodes].map(([name, { address, subnet, publicKey }]) => [name, { address, subnet, publicKey }]),
  ),
  commit: gitRevision(__dirname),
  configHash: configHash(config),
};

export = outputs;
