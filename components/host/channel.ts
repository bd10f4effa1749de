import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { expandHome } from "../shell/home";
import { HostAccess } from "./access";

/** Who proves itself to the host: the running SSH agent, or a private key file (`~` is the home directory). */
export type SshIdentity = { agent: true } | { keyFile: string };

/** Where and how SSH reaches a host. Plain data, known at preview. */
export interface SshEndpoint {
  /** IPv4, IPv6 or DNS name. */
  address: string;
  /** TCP port of sshd. */
  port: number;
  /** Account to log in as. */
  user: string;
  /** The host's one accepted public key, `<type> <base64>`: nothing else is trusted, nothing is learned on first use. */
  hostKey: string;
  identity: SshIdentity;
}

/** How scripts and the Docker API reach a host. It decides the shape of the graph, so it holds no outputs. */
export type Channel = { kind: "local"; socket: string } | { kind: "ssh"; endpoint: SshEndpoint };

/** The name SSH looks a host key up by: bare on port 22, else `[host]:port`. */
function knownHostsName(endpoint: SshEndpoint): string {
  return endpoint.port === 22 ? endpoint.address : `[${endpoint.address}]:${endpoint.port}`;
}

/** ssh splits the value of an option at blanks unless it stands in quotes. */
function quoteBlanks(file: string): string {
  return /\s/.test(file) ? `"${file}"` : file;
}

/**
 * Options for the `ssh` client, the same for every use: pinned host key by `KnownHostsCommand` (OpenSSH 8.5 or
 * newer, no file needed), the one identity, no prompt, one shared connection per host for a minute.
 */
export function sshOptions(endpoint: SshEndpoint): string[] {
  const pinned = `KnownHostsCommand=/bin/echo ${knownHostsName(endpoint)} ${endpoint.hostKey}`;
  const identity =
    "keyFile" in endpoint.identity
      ? [
          "-o",
          `IdentityFile=${quoteBlanks(endpoint.identity.keyFile)}`,
          "-o",
          "IdentitiesOnly=yes",
          "-o",
          "IdentityAgent=none",
        ]
      : [];
  return [
    ...["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
    ...["-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null"],
    ...["-o", pinned],
    ...identity,
    ...["-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=6", "-o", "ServerAliveInterval=15"],
    ...["-o", "ControlMaster=auto", "-o", "ControlPath=~/.ssh/hypha-%C", "-o", "ControlPersist=60"],
  ];
}

/** The Docker API address of a host, as `DOCKER_HOST` takes it. */
export function dockerHost(channel: Channel): string {
  if (channel.kind === "local") {
    return `unix://${channel.socket}`;
  }
  const { user, address, port } = channel.endpoint;
  return `ssh://${user}@${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** The variable by which a script beside Pulumi finds a local engine; one that runs on its host needs none. */
export function engineVariable(channel: Channel): Record<string, string> {
  return channel.kind === "local" ? { DOCKER_HOST: dockerHost(channel) } : {};
}

/** How tools beside Pulumi reach the host's engine. */
export function hostAccess(channel: Channel): HostAccess {
  return {
    dockerHost: dockerHost(channel),
    sshArgs: channel.kind === "ssh" ? sshOptions(channel.endpoint) : [],
  };
}

/** Arguments of `ssh` that open a session on the host: options, port and destination; a command may follow. */
export function sshDestination(endpoint: SshEndpoint): string[] {
  return [...sshOptions(endpoint), "-p", String(endpoint.port), `${endpoint.user}@${endpoint.address}`];
}

/**
 * The connection of a `remote.Command`: the same key pinned, the same identity. A server that refuses is
 * dialled again for 70 seconds, which outlasts a restart and the way back of a change to its firewall or sshd; one
 * that is silent for four minutes.
 */
export function remoteConnection(endpoint: SshEndpoint): command.types.input.remote.ConnectionArgs {
  const privateKey =
    "keyFile" in endpoint.identity
      ? pulumi.secret(fs.readFileSync(expandHome(endpoint.identity.keyFile), "utf8"))
      : undefined;
  return {
    host: endpoint.address,
    port: endpoint.port,
    user: endpoint.user,
    hostKey: endpoint.hostKey,
    privateKey,
    dialErrorLimit: 22,
    perDialTimeout: 8,
  };
}

/** The shared connection's socket lives in `~/.ssh`; ssh refuses to start where that directory is missing. */
export function ensureControlDirectory(): void {
  fs.mkdirSync(path.join(os.homedir(), ".ssh"), { recursive: true, mode: 0o700 });
}
