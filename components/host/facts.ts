import { BlockList, isIPv6 } from "node:net";
import { z } from "zod";
import { EnvironmentKind } from "../config/environment";
import { classifyEnvironment, Environment, settleEnvironment } from "./environment";

/** A block device. */
export interface Disk {
  /** As in `/dev`: `sda`, `nvme0n1`. */
  device: string;
  sizeMiB: number;
  /** What the kernel says: many hypervisors call every disk rotational. */
  rotational: boolean;
}

/** What a host was found to have, when its preflight last ran; sizes are whole MiB. */
export interface HostFacts {
  hostname: string;
  /** `ID` and `VERSION_ID` of os-release, e.g. `debian 12`. */
  os: string;
  kernel: string;
  /** As `uname -m` says: `x86_64`, `aarch64`. */
  architecture: string;
  cpus: number;
  memoryMiB: number;
  /** Where the engine keeps its data. */
  dataDirectory: string;
  /** Size of the file system that `dataDirectory` is in. */
  diskMiB: number;
  /** What is free in it. */
  diskFreeMiB: number;
  disks: Disk[];
  /** As systemd-detect-virt says; `none` on bare metal, `local` for the machine that runs Pulumi. */
  virtualisation: string;
  /** Address the host reaches its default route from. */
  address: string;
  /** Its addresses that everyone reaches. None behind a router that translates addresses. */
  publicAddresses: string[];
  /** Its addresses in private networks. */
  privateAddresses: string[];
  /** Its addresses on Mycelium (400::/7) or Yggdrasil (200::/7) that are not of a node of Hypha's. */
  overlayAddresses: string[];
  /** Where it runs; the configuration's word counts where it has one. */
  environment: Environment;
  /** When all this was measured, ISO 8601 in UTC. */
  detectedAt: string;
  /** What is short of the recommended or contradicts the configuration; the deployment goes on. */
  warnings: string[];
}

/** What a preflight script prints. */
const measurement = z.object({
  hostname: z.string(),
  os: z.string(),
  kernel: z.string(),
  architecture: z.string(),
  cpus: z.int(),
  memoryMiB: z.int(),
  dataDirectory: z.string(),
  diskMiB: z.int(),
  diskFreeMiB: z.int(),
  /** As `lsblk --json` prints; old ones write numbers and truths as text. */
  devices: z.object({
    blockdevices: z
      .array(
        z.object({
          name: z.string(),
          size: z.coerce.number(),
          rota: z
            .union([z.boolean(), z.enum(["0", "1"])])
            .transform((value) => value === true || value === "1"),
          type: z.string(),
        }),
      )
      .default([]),
  }),
  virtualisation: z.string(),
  address: z.string(),
  addresses: z.array(z.string()),
  /** The machine that runs Pulumi gives none. */
  indicators: z
    .object({
      vendor: z.string(),
      product: z.string(),
      assetTag: z.string(),
      cloudId: z.string(),
      rootFileSystem: z.string(),
      zinit: z.boolean(),
    })
    .default({ vendor: "", product: "", assetTag: "", cloudId: "", rootFileSystem: "", zinit: false }),
  detectedAt: z.iso.datetime(),
  warnings: z.array(z.string()),
});

const networks = (...ranges: [network: string, bits: number][]): BlockList => {
  const list = new BlockList();
  ranges.forEach(([network, bits]) => {
    list.addSubnet(network, bits, isIPv6(network) ? "ipv6" : "ipv4");
  });
  return list;
};

/** RFC 1918, 6598 (a provider's own), 3927 and 4193. */
const privateNetworks = networks(
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["fc00::", 7],
);
const overlayNetworks = networks(["400::", 7], ["200::", 7]);

/** Who reaches an address. */
export function reachOf(address: string): "public" | "private" | "overlay" {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (overlayNetworks.check(address, family)) {
    return "overlay";
  }
  return privateNetworks.check(address, family) ? "private" : "public";
}

/**
 * The facts behind the JSON that a preflight script prints. Throws where it is no such JSON. `configured` is where the
 * configuration says that the host runs.
 */
export function readFacts(text: string, configured?: EnvironmentKind): HostFacts {
  const { devices, addresses, indicators, ...measured } = measurement.parse(JSON.parse(text));
  const within = (reach: ReturnType<typeof reachOf>) => addresses.filter((one) => reachOf(one) === reach);
  const publicAddresses = within("public");
  const overlayAddresses = within("overlay");
  const { virtualisation } = measured;
  const detected = classifyEnvironment({ ...indicators, virtualisation, publicAddresses, overlayAddresses });
  const { environment, warnings } = settleEnvironment(detected, configured);
  return {
    ...measured,
    environment,
    warnings: [...measured.warnings, ...warnings],
    disks: devices.blockdevices
      .filter(({ name, size, type }) => type === "disk" && size > 0 && !name.startsWith("zram"))
      .map(({ name, size, rota }) => ({
        device: name,
        sizeMiB: Math.floor(size / 1024 / 1024),
        rotational: rota,
      })),
    publicAddresses,
    privateAddresses: within("private"),
    overlayAddresses,
  };
}
