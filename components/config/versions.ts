/**
 * Every version, account number and default image, once. package.json and toolchain/ follow this file; tests compare them.
 */
export const pulumiVersions = {
  pulumi: "3.259.0",
  docker: "5.2.0",
  random: "4.21.2",
  tls: "5.6.1",
  command: "1.2.1",
} as const;

export const softwareVersions = {
  /** From PyPI, locked with hashes in images/homeserver/requirements.txt. */
  synapse: "1.163.2",
  /** Debian 12's. */
  postgres: "15",
} as const;

/** What the images are built on, unless `hypha:images.base` says otherwise. */
export const defaultBaseImage = "debian:bookworm-slim";

/**
 * Programs that Debian does not have: their makers' images, pinned by the digests of the indexes for all architectures.
 * The digests were read in several public repositories that pin the same ones, and were not pulled here.
 */
export const upstreamImages = {
  loki: "docker.io/grafana/loki:3.7.8@sha256:1107dd5274e0ada47e42472b7a7e71f3b2a2fe878878108f3e2f9e51528f0193",
  alloy:
    "docker.io/grafana/alloy:v1.19.2@sha256:b8ec653c44235fbe910879145dac3597d66b0aaecf60bcbbe82580767771a839",
  grafana:
    "docker.io/grafana/grafana:13.2.2@sha256:ac461fb352abc50da10a51c7d02462e9c05488f11f53f14b3ad79a8145f638a0",
} as const;

export type Upstream = keyof typeof upstreamImages;

/** The accounts that these images are made for. Alloy reads what is root's, and is root without any capability. */
export const upstreamUids = { loki: 10001, alloy: 0, grafana: 472 } as const;

/** The account each image runs as. Those of homeserver, gateway, pooler and exporters are also their identities towards Postgres. */
export const imageUids = {
  postgres: 999,
  gateway: 1001,
  homeserver: 1002,
  bridge: 1003,
  frontend: 1004,
  edge: 1005,
  pooler: 1006,
  exporters: 1007,
  prometheus: 1008,
} as const;

export type ImageName = keyof typeof imageUids;
