import { shellQuote } from "../shell/quote";

/** What a tool beside Pulumi needs to reach a host's engine: an entry of the stack output `hosts`. */
export interface HostAccess {
  /** `unix:///…` or `ssh://…`. */
  dockerHost: string;
  /** Options of `ssh`: pinned host key, identity, shared connection; empty for the local engine. */
  sshArgs: string[];
}

/** Arguments of `ssh` that open a session as the engine's account; undefined for the local engine. */
export function sshTarget({ dockerHost, sshArgs }: HostAccess): string[] | undefined {
  const { protocol, username, hostname, port } = new URL(dockerHost);
  // An IPv6 address stands in brackets in a URL, and without them for ssh.
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  return protocol === "ssh:" ? [...sshArgs, "-p", port || "22", `${username}@${address}`] : undefined;
}

/** The words that run `docker` on a host's engine, here or through SSH; its arguments follow. */
export function dockerClient(access: HostAccess): string[] {
  const target = sshTarget(access);
  return target === undefined ? ["docker", "--host", access.dockerHost] : ["ssh", ...target, "--", "docker"];
}

/** The program and its arguments that run `docker args…` on a host's engine; through SSH a shell reads them, so quoted. */
export function dockerArgv(access: HostAccess, args: readonly string[]): [string, string[]] {
  const [program = "docker", ...words] = dockerClient(access);
  return [program, [...words, ...(program === "ssh" ? [shellQuote(args)] : args)]];
}
