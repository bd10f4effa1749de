import * as fc from "fast-check";
import { environmentKinds } from "../../../components/config/environment";
import type { Indicators } from "../../../components/host/environment";
import { classifyEnvironment, settleEnvironment } from "../../../components/host/environment";

const silent: Indicators = {
  ...{ vendor: "", product: "", assetTag: "", cloudId: "", rootFileSystem: "ext4", zinit: false },
  ...{ virtualisation: "kvm", publicAddresses: [], overlayAddresses: [] },
};
const seen = (change: Partial<Indicators>) => classifyEnvironment({ ...silent, ...change });
const publicAddresses = ["203.0.113.7"];

test.each<[string, Partial<Indicators>, string, number]>([
  [
    "a full VM of the grid",
    {
      vendor: "Cloud Hypervisor",
      rootFileSystem: "virtiofs",
      cloudId: "nocloud",
      overlayAddresses: ["5ff::2"],
    },
    "tfgrid",
    0.63,
  ],
  [
    "a micro VM of the grid",
    { zinit: true, vendor: "Cloud Hypervisor", rootFileSystem: "virtiofs", overlayAddresses: ["400::1"] },
    "tfgrid",
    0.69,
  ],
  [
    "a grid VM with a public address",
    { vendor: "Cloud Hypervisor", overlayAddresses: ["5ff::2"], publicAddresses },
    "tfgrid",
    0.48,
  ],
  ["a Yggdrasil node at home", { overlayAddresses: ["300::1"] }, "tfgrid", 0.28],
  ["Hetzner", { vendor: "Hetzner", product: "vServer", cloudId: "hetzner", publicAddresses }, "cloud", 0.99],
  [
    "EC2 behind its gateway",
    { vendor: "Amazon EC2", product: "t3.small", cloudId: "aws", virtualisation: "amazon" },
    "cloud",
    0.69,
  ],
  [
    "Azure",
    {
      vendor: "Microsoft Corporation",
      assetTag: "7783-7084-3265-9085-8269-3286-77",
      virtualisation: "microsoft",
    },
    "cloud",
    0.63,
  ],
  [
    "OpenStack",
    { vendor: "OpenStack Foundation", product: "OpenStack Nova", publicAddresses },
    "cloud",
    0.94,
  ],
  ["a nameless provider", { vendor: "QEMU", publicAddresses }, "cloud", 0.4],
  ["bare metal at home", { vendor: "Dell Inc.", virtualisation: "none" }, "local", 0.65],
  ["VirtualBox", { vendor: "innotek GmbH", virtualisation: "oracle" }, "local", 0.86],
  ["a lab server", { virtualisation: "docker" }, "local", 0.72],
  ["the machine that runs Pulumi", { virtualisation: "local" }, "local", 1],
])("%s", (_, change, kind, confidence) => {
  expect(seen(change)).toMatchObject({ kind, confidence });
});

test("says what it was told by", () => {
  expect(seen({ vendor: "Hetzner", cloudId: "hetzner", publicAddresses }).because).toEqual([
    "its hardware says Hetzner",
    "cloud-init recognised hetzner",
    "it is virtual and has a public address",
  ]);
  expect(seen({ virtualisation: "lxc", publicAddresses: [], cloudId: "fallback" })).toEqual({
    ...{ kind: "local", confidence: 0.3, because: ["it has no public address"] },
  });
});

const text = fc.constantFrom(
  "",
  "QEMU",
  "Hetzner",
  "Cloud Hypervisor",
  "Amazon EC2",
  "none",
  "aws",
  "nocloud",
);
const indicators: fc.Arbitrary<Indicators> = fc.record({
  vendor: text,
  product: text,
  assetTag: text,
  cloudId: text,
  rootFileSystem: fc.constantFrom("ext4", "virtiofs", ""),
  zinit: fc.boolean(),
  virtualisation: fc.constantFrom("none", "kvm", "docker", "wsl", "local", "lxc"),
  publicAddresses: fc.subarray(["203.0.113.7"]),
  overlayAddresses: fc.subarray(["400::1", "300::1"]),
});

test("whatever a host shows, it has one kind and a confidence from 0 to 1 with reasons for it", () => {
  fc.assert(
    fc.property(indicators, (host) => {
      const { kind, confidence, because } = classifyEnvironment(host);
      expect(environmentKinds).toContain(kind);
      expect(confidence).toBeGreaterThanOrEqual(0);
      expect(confidence).toBeLessThanOrEqual(1);
      expect(because.length > 0 || confidence === 0).toBe(true);
    }),
  );
});

test("one more hint for what it is taken for never makes it less certain", () => {
  fc.assert(
    fc.property(indicators, (host) => {
      const before = classifyEnvironment(host);
      const more: Record<string, Partial<Indicators>> = {
        tfgrid: { zinit: true },
        cloud: { vendor: "Hetzner" },
        local: {},
      };
      fc.pre(before.kind !== "cloud" || !/cloud hypervisor/i.test(host.vendor));
      const after = classifyEnvironment({ ...host, ...more[before.kind] });
      expect(after.kind).toBe(before.kind);
      expect(after.confidence).toBeGreaterThanOrEqual(before.confidence);
    }),
  );
});

test("the configuration's word counts, and only a convincing contradiction is a warning", () => {
  const cloud = seen({ vendor: "Hetzner", cloudId: "hetzner", publicAddresses });
  expect(settleEnvironment(cloud, undefined)).toEqual({ environment: cloud, warnings: [] });
  expect(settleEnvironment(cloud, "cloud").warnings).toEqual([]);
  expect(settleEnvironment(cloud, "tfgrid")).toEqual({
    environment: { kind: "tfgrid", confidence: 1, because: ["the configuration says so"] },
    warnings: [
      "configured as tfgrid, looks like cloud: its hardware says Hetzner, cloud-init recognised hetzner, it is virtual and has a public address",
    ],
  });
  expect(settleEnvironment(seen({ vendor: "QEMU", publicAddresses }), "local").warnings).toEqual([]);
});
