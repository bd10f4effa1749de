import * as path from "node:path";
import { myceliumPorts } from "../config/mycelium";

/** Where things are on a host; the scripts beside this name the same places. */
export const myceliumPaths = {
  /** Links to the program in use. */
  program: "/usr/local/lib/hypha/mycelium",
  config: "/etc/mycelium/mycelium.toml",
  key: "/var/lib/mycelium/priv_key.bin",
  /** Below a directory that only root enters; what mounts it gets to the API by the socket in it. */
  apiDirectory: "/run/hypha/mycelium",
  apiSocket: "api.sock",
} as const;

const made = "# Made by Hypha: changes here are lost.";

export interface NodeSettings {
  /** Nodes to connect to, like `tcp://192.0.2.1:9651`. */
  peers: readonly string[];
  /** Whether an interface carries IPv6 traffic. */
  tun: boolean;
}

/** The node's configuration file. A TOML basic string is quoted as a JSON string is. */
export function nodeConfig({ peers, tun }: NodeSettings): string {
  const entries: Record<string, string | number | boolean | readonly string[]> = {
    peers: [...peers].sort(),
    tcp_listen_port: myceliumPorts.peers,
    quic_listen_port: myceliumPorts.peers,
    peer_discovery_port: myceliumPorts.discovery,
    // Without a login, so for the host itself only.
    api_addr: `127.0.0.1:${myceliumPorts.api}`,
    jsonrpc_addr: `127.0.0.1:${myceliumPorts.rpc}`,
    ...(tun ? { tun_name: "mycelium0" } : { no_tun: true }),
  };
  return Object.entries(entries)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join("");
}

/** What only a node with an interface of its own may do. */
const withTun = [
  "AmbientCapabilities=CAP_NET_ADMIN",
  "CapabilityBoundingSet=CAP_NET_ADMIN",
  "DevicePolicy=closed",
  "DeviceAllow=/dev/net/tun rw",
];
const withoutTun = ["CapabilityBoundingSet=", "PrivateDevices=yes", "PrivateUsers=yes"];

/** What neither the node nor its proxy may do. */
const confined = (addressFamilies: string): string[] => [
  "NoNewPrivileges=yes",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "ProtectProc=invisible",
  "ProtectClock=yes",
  "ProtectHostname=yes",
  "ProtectControlGroups=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "PrivateTmp=yes",
  "LockPersonality=yes",
  "MemoryDenyWriteExecute=yes",
  `RestrictAddressFamilies=${addressFamilies}`,
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged",
];

/** The systemd unit. Its first line tells the scripts that it is Hypha's. */
export function nodeUnit({ tun }: Pick<NodeSettings, "tun">): string {
  const { program, config, key } = myceliumPaths;
  return [
    made,
    "[Unit]",
    "Description=Mycelium node",
    "After=network-online.target",
    "Wants=network-online.target",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `ExecStart=${program} --config-file ${config} --key-file ${key}`,
    // The journal is no terminal.
    "Environment=NO_COLOR=1",
    "Restart=on-failure",
    "RestartSec=5",
    "User=mycelium",
    "Group=mycelium",
    "StateDirectory=mycelium",
    "StateDirectoryMode=0700",
    "WorkingDirectory=/var/lib/mycelium",
    "UMask=0077",
    "LimitNOFILE=65536",
    ...(tun ? withTun : withoutTun),
    ...confined("AF_INET AF_INET6 AF_NETLINK AF_UNIX"),
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** What systemd-tmpfiles makes at each boot: no unit's restart takes a directory from under the container it is in. */
export function apiDirectories(): string {
  const { apiDirectory } = myceliumPaths;
  return [
    made,
    `d ${path.dirname(apiDirectory)} 0700 root root -`,
    `d ${apiDirectory} 0755 root root -`,
    "",
  ].join("\n");
}

/** Whoever comes to the socket may use it: the directory decides who that is, so no account's number has to agree. */
export function apiSocketUnit(): string {
  return [
    made,
    "[Unit]",
    "Description=The Mycelium node's API, for the container that mounts it",
    "",
    "[Socket]",
    `ListenStream=${myceliumPaths.apiDirectory}/${myceliumPaths.apiSocket}`,
    "SocketMode=0666",
    "RemoveOnStop=yes",
    "",
    "[Install]",
    "WantedBy=sockets.target",
    "",
  ].join("\n");
}

/** Started by the first connection; may do nothing but connect to loopback. */
export function apiProxyUnit(): string {
  return [
    made,
    "[Unit]",
    "Description=Passes connections on to the Mycelium node's API",
    "Requires=hypha-mycelium-api.socket",
    "After=hypha-mycelium-api.socket",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `ExecStart=/lib/systemd/systemd-socket-proxyd 127.0.0.1:${myceliumPorts.api}`,
    "DynamicUser=yes",
    "CapabilityBoundingSet=",
    "PrivateDevices=yes",
    "PrivateUsers=yes",
    "IPAddressDeny=any",
    "IPAddressAllow=localhost",
    // While the node is stopped, each connection is a line.
    "LogRateLimitIntervalSec=1h",
    "LogRateLimitBurst=20",
    ...confined("AF_INET AF_UNIX"),
    "",
  ].join("\n");
}
