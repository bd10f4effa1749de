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
