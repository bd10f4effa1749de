import { isIP } from "node:net";
import { z } from "zod";
import { hostName, problem } from "./fields";
import type { Host } from "./hosts";

type Hosts = Readonly<Record<string, Host>>;

export const cluster = z
  .strictObject({
    first: hostName()
      .optional()
      .describe(
        "The manager that starts the swarm and that deployments talk to; another manager may take over from it. Default: the first manager by name",
      ),
    encrypted: z
      .boolean()
      .optional()
      .describe(
        "Encrypt what services say to each other between hosts (IPsec, needs the kernel's ESP and IP protocol 50 between the hosts); changed, every service ends and is made anew. Default: where hosts reach each other by public addresses",
      ),
    abandonDataOn: z
      .array(hostName())
      .default([])
      .describe(
        "Hosts whose data the stack gives up: without it a host that holds the only copy cannot leave. Default: none",
      ),
  })
  .describe("The hosts as one swarm");

export type ClusterSettings = z.infer<typeof cluster>;

/** The address that the other nodes reach a host by, as far as the configuration says. */
export function nodeAddress(host: Host): string | undefined {
  if (host.kind === "local") return undefined;
  return host.privateAddress ?? (isIP(host.address) > 0 ? host.address : undefined);
}

/** What a set of hosts must be to make one swarm with one database. */
export function checkFleet(hosts: Hosts, context: z.RefinementCtx): void {
  const names = Object.keys(hosts).sort();
  if (names.length === 0) {
    problem(context, [], "has no hosts", "add one");
    return;
  }
  const local = names.filter((name) => hosts[name]?.kind === "local");
  if (local.length > 0 && names.length > 1) {
    problem(
      context,
      [],
      `has the local engine (${local.join(", ")}) among ${names.length} hosts: it makes no swarm with others`,
      "keep either the local engine alone, or hosts of the kind vps",
    );
  }
  for (const role of ["manager", "data", "edge", "app"] as const) {
    if (!names.some((name) => hosts[name]?.roles.includes(role))) {
      problem(context, [], `has no host with the role ${role}`, `add ${role} to a host's roles`);
    }
  }
  const data = names.filter((name) => hosts[name]?.roles.includes("data"));
  if (data.length > 1) {
    problem(
      context,
      [],
      `has ${data.length} hosts with the role data (${data.join(", ")}), and the database lives on one`,
      "give every host its roles, and data to one of them",
    );
  }
  if (names.length > 1) checkAddresses(hosts, names, context);
}

function checkAddresses(hosts: Hosts, names: string[], context: z.RefinementCtx): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const host = hosts[name];
    if (host?.kind !== "vps") continue;
    const own = nodeAddress(host);
    // Refused already, and no text to repeat.
    if (own !== undefined && isIP(own) === 0) continue;
    if (own === undefined) {
      problem(
        context,
        [name, "privateAddress"],
        "is missing: address is a name, and nodes know each other by IP addresses",
        "write the IP address that the other hosts reach it by",
      );
      continue;
    }
    const other = seen.get(own);
    if (other !== undefined) {
      problem(context, [name], `has the address ${own}, and so has ${other}`, "give each host its own");
    }
    seen.set(own, name);
  }
  checkFamilies([...seen], context);
}

/** An overlay goes over one kind of addresses: what a node of the one kind sends, one of the other never hears. */
function checkFamilies(
  nodes: readonly (readonly [address: string, name: string])[],
  context: z.RefinementCtx,
): void {
  const names = (family: number) =>
    nodes
      .filter(([own]) => isIP(own) === family)
      .map(([, name]) => name)
      .join(", ");
  const [four, six] = [names(4), names(6)];
  if (four !== "" && six !== "") {
    problem(
      context,
      [],
      `reach each other over IPv4 (${four}) and IPv6 (${six}), and one swarm takes one of them`,
      "write a privateAddress of the same kind for each",
    );
  }
}
