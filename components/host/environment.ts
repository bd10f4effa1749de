import { EnvironmentKind, environmentKinds } from "../config/environment";

/** What a host shows of where it runs. A text is empty where the host does not say. */
export interface Indicators {
  /** DMI: system vendor, product and the chassis' asset tag. */
  vendor: string;
  product: string;
  assetTag: string;
  /** What cloud-init recognised, as in /run/cloud-init/cloud-id: `hetzner`, `nocloud`, `none`. */
  cloudId: string;
  /** Type of the file system at `/`. */
  rootFileSystem: string;
  /** Whether zinit, the ThreeFold VMs' own init, is there. */
  zinit: boolean;
  /** As systemd-detect-virt says. */
  virtualisation: string;
  publicAddresses: readonly string[];
  /** On Mycelium or Yggdrasil, without Hypha's own node. */
  overlayAddresses: readonly string[];
}

export interface Environment {
  kind: EnvironmentKind;
  /** 0 (nothing tells) to 1 (certain). What the configuration says is certain. */
  confidence: number;
  /** What it was told by. */
  because: string[];
}

/** A hint: how far it alone makes the kind likely, 0 to 1. */
interface Evidence {
  kind: EnvironmentKind;
  weight: number;
  because: string;
}

/**
 * Providers that name themselves in the DMI tables. Source: cloud-init's ds-identify and the virt-what manual; the
 * number is Azure's asset tag.
 */
const providers = new RegExp(
  "amazon ec2|google|digitalocean|hetzner|scaleway|vultr|linode|akamai|openstack|ovhcloud|exoscale|upcloud|" +
    "alibaba cloud|tencent cloud|huawei cloud|oraclecloud|cloudsigma|apache cloudstack|7783-7084-3265-9085-8269-3286-77",
  "i",
);

function evidence(host: Indicators): Evidence[] {
  const found: Evidence[] = [];
  const add = (when: boolean, kind: EnvironmentKind, weight: number, because: string): void => {
    if (when) found.push({ kind, weight, because });
  };
  const dmi = [host.vendor, host.product, host.assetTag].find((text) => providers.test(text)) ?? "";
  const noCloud = host.cloudId === "nocloud";
  const known = !["", "none", "fallback", "nocloud", "unknown"].includes(host.cloudId);
  const isPublic = host.publicAddresses.length > 0;
  const { virtualisation } = host;
  const mycelium = host.overlayAddresses.some((address) => /^[45]/.test(address));

  add(host.zinit, "tfgrid", 0.9, "zinit is there");
  add(/cloud hypervisor/i.test(host.vendor), "tfgrid", 0.5, "it runs on Cloud Hypervisor");
  add(host.rootFileSystem === "virtiofs", "tfgrid", 0.5, "its root is on virtiofs");
  add(mycelium, "tfgrid", 0.6, "it has a Mycelium address");
  add(host.overlayAddresses.length > 0 && !mycelium, "tfgrid", 0.4, "it has a Yggdrasil address");

  add(dmi !== "", "cloud", 0.9, `its hardware says ${dmi}`);
  add(known, "cloud", 0.8, `cloud-init recognised ${host.cloudId}`);
  add(noCloud, "cloud", 0.3, "cloud-init was given a seed");
  add(isPublic && virtualisation !== "none", "cloud", 0.4, "it is virtual and has a public address");

  add(virtualisation === "local", "local", 1, "it is the machine that runs Pulumi");
  add(virtualisation === "none", "local", 0.5, "it is bare metal");
  add(["wsl", "oracle", "parallels"].includes(virtualisation), "local", 0.8, `it runs in ${virtualisation}`);
  add(
    ["docker", "podman", "systemd-nspawn"].includes(virtualisation),
    "local",
    0.6,
    `it runs in ${virtualisation}`,
  );
  add(!isPublic, "local", 0.3, "it has no public address");
  return found;
}

/** Hints that agree make a kind more likely, each by its share of what was left to doubt. */
const likelihood = (list: readonly Evidence[]): number =>
  1 - list.reduce((doubt, { weight }) => doubt * (1 - weight), 1);

/**
 * Where a host runs, by all that it shows: the likeliest kind, and how likely it is once what speaks for the next one
 * is taken off. Nothing is asked over the network.
 */
export function classifyEnvironment(host: Indicators): Environment {
  const found = evidence(host);
  const ranked = environmentKinds
    .map((kind) => {
      const own = found.filter((hint) => hint.kind === kind);
      return { kind, likely: likelihood(own), because: own.map(({ because }) => because) };
    })
    .sort((a, b) => b.likely - a.likely);
  const [first, second] = ranked;
  if (first === undefined || second === undefined || first.likely === 0) {
    return { kind: "local", confidence: 0, because: [] };
  }
  const confidence = Math.round(first.likely * (1 - second.likely) * 100) / 100;
  return { kind: first.kind, confidence, because: first.because };
}

/** From here on a host's own word is worth contradicting the configuration with. */
const convincing = 0.6;

/** The configuration's word counts; where the host shows something else, that is said. */
export function settleEnvironment(
  detected: Environment,
  configured: EnvironmentKind | undefined,
): { environment: Environment; warnings: string[] } {
  if (configured === undefined) {
    return { environment: detected, warnings: [] };
  }
  const contradicts = detected.kind !== configured && detected.confidence >= convincing;
  return {
    environment: { kind: configured, confidence: 1, because: ["the configuration says so"] },
    warnings: contradicts
      ? [`configured as ${configured}, looks like ${detected.kind}: ${detected.because.join(", ")}`]
      : [],
  };
}
