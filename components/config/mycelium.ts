import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { plainText, port, sha256, whenSound } from "./fields";

/** Where a node listens; the API and the RPC on loopback only. Fixed: firewalls and other nodes count on them. */
export const myceliumPorts = { peers: 9651, discovery: 9650, api: 8989, rpc: 8990 } as const;

/** Public nodes of the network. */
export const defaultPeers = ["tcp://188.40.132.242:9651", "quic://185.69.166.8:9651"] as const;

export const architectures = ["x86_64", "aarch64"] as const;

const release = z
  .strictObject({
    kind: z.literal("release"),
    version: z
      .string()
      .regex(/^\d+\.\d+\.\d+$/, { error: "is no version; fix: write it in quotes without a v, like 0.7.10" })
      .describe("Version of the release, like 0.7.10 (the one this was tried with)"),
    sha256: z
      .strictObject({
        x86_64: sha256().optional().describe("For x86_64 servers"),
        aarch64: sha256().optional().describe("For aarch64 servers"),
      })
      .refine((sums) => architectures.some((architecture) => sums[architecture] !== undefined), {
        ...whenSound(...architectures),
        error: "is empty; fix: write the archive's SHA-256 under x86_64, aarch64 or both",
      })
      .describe("SHA-256 in hex of the release's archive, for each architecture among the servers"),
  })
  .describe(
    "The project's release: https://github.com/threefoldtech/mycelium/releases/download/" +
      "v<version>/mycelium-<architecture>-unknown-linux-musl.tar.gz, downloaded here and sent to the servers",
  );

const file = z
  .strictObject({
    kind: z.literal("file"),
    path: plainText().describe("The executable, absolute or from the project's directory"),
    sha256: sha256().optional().describe("SHA-256 in hex that the file must have. Default: not checked"),
  })
  .describe("An executable from this machine, sent to the servers");

const sample = z
  .strictObject({ kind: z.literal("sample") })
  .describe("The small stand-in of lab/apps: it has an address and answers, and joins no network");

/** Mycelium resolves no names: a peer is an address and a port. */
export function isPeer(text: string): boolean {
  const [, ipv6, ipv4, digits = ""] =
    /^(?:tcp|quic):\/\/(?:\[([^\]%]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text) ?? [];
  const known = ipv6 === undefined ? isIPv4(ipv4 ?? "") : isIPv6(ipv6);
  return known && port().safeParse(Number(digits)).success;
}

export const mycelium = z
  .strictObject({
    source: z
      .discriminatedUnion("kind", [release, file, sample])
      .prefault({ kind: "sample" })
      .describe("Where the program comes from: release, file or sample. Default: { kind: sample }"),
    peers: z
      .array(
        z.string().refine(isPeer, {
          error: "is no peer; fix: write tcp:// or quic://, an IPv4 or [IPv6] address, a colon and a port",
        }),
      )
      .max(100)
      .refine((list) => new Set(list).size === list.length, {
        error: "names a peer twice; fix: keep each peer once",
      })
      .default([...defaultPeers])
      .describe(
        "Nodes to connect to besides the stack's own servers, like tcp://192.0.2.1:9651. Default: two public nodes",
      ),
    tun: z
      .boolean()
      .optional()
      .describe(
        "true: an interface mycelium0 carries IPv6 traffic (needs /dev/net/tun); false: messages only. Default: true, and false on a ThreeFold Grid VM, which has its own",
      ),
  })
  .describe("A Mycelium node on each server. Without this section there is none");

export type Mycelium = z.infer<typeof mycelium>;
