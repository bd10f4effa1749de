import * as pulumi from "@pulumi/pulumi";
import { configHash, loadConfig } from "./components/config/load";
import { gitRevision } from "./components/config/revision";
import { pulumiVersions, softwareVersions } from "./components/config/versions";
import { dockerHost, sshOptions } from "./components/host/channel";
import { Host } from "./components/host/host";
import { Cluster } from "./components/swarm/cluster";
import { Chat } from "./components/systems/chat";
import { hosts } from "./components/systems/hosts";
import { myceliumNodes } from "./components/systems/mycelium";

const config = loadConfig();

// Machines, a swarm and Mycelium nodes on them, and the systems that run in it.
const machines = hosts(config);
const [managerName, manager] =
  [...machines].find(([name]) => config.hosts[name]?.roles.includes("manager")) ?? [];
if (managerName === undefined || manager === undefined) {
  throw new pulumi.RunError(
    "hypha:hosts: has no host with the role manager; fix: add manager to a host's roles",
  );
}
const cluster = new Cluster("cluster", { manager, roles: config.hosts[managerName]?.roles ?? [] });
const nodes = myceliumNodes(config, machines);
const chat = new Chat("chat", cluster, config);

/** Where the site answers, whatever DNS says. */
const edgeHost = Object.values(config.hosts).find(({ roles }) => roles.includes("edge"));
const siteAddress = edgeHost?.kind === "vps" ? edgeHost.address : "127.0.0.1";

/** What tools beside Pulumi need to reach a host. */
function access(host: Host): { dockerHost: string; sshArgs: string[]; facts: Host["facts"] } {
  const { channel } = host;
  return {
    dockerHost: dockerHost(channel),
    sshArgs: channel.kind === "ssh" ? sshOptions(channel.endpoint) : [],
    facts: host.facts,
  };
}

const outputs = {
  url: chat.url,
  siteAddress,
  certificateAuthority: chat.authority,
  admin: chat.admin.user,
  adminPassword: chat.admin.password,
  images: chat.images,
  sources: {
    bridge: config.chat.bridge.source.kind,
    gateway: config.chat.gateway.source.kind,
    frontend: config.chat.frontend.source.kind,
    mycelium: config.mycelium?.source.kind,
  },
  versions: { ...softwareVersions, ...pulumiVersions },
  hosts: Object.fromEntries([...machines].map(([name, host]) => [name, access(host)])),
  mycelium: Object.fromEntries(
    [...nodes].map(([name, { address, subnet, publicKey }]) => [name, { address, subnet, publicKey }]),
  ),
  commit: gitRevision(__dirname),
  configHash: configHash(config),
};

export = outputs;
