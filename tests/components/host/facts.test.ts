import * as fc from "fast-check";
import { reachOf, readFacts } from "../../../components/host/facts";
import { fleetTable } from "../../../components/host/fleetTable";
import { facts, preflightOutput } from "../fixtures";

test("facts are what was measured, addresses told apart by who reaches them", () => {
  expect(readFacts(preflightOutput())).toEqual(facts);
});

test.each([
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["172.32.0.1", "public"],
  ["192.168.1.1", "private"],
  ["100.63.255.255", "public"],
  ["100.64.0.1", "private"],
  ["100.128.0.1", "public"],
  ["169.254.1.1", "private"],
  ["fd00::1", "private"],
  ["8.8.8.8", "public"],
  ["2a01:4f8::1", "public"],
  ["400::1", "overlay"],
  ["5ff:ffff::1", "overlay"],
  ["302:9e63::1", "overlay"],
  ["600::1", "public"],
])("%s is %s", (address, reach) => {
  expect(reachOf(address)).toBe(reach);
});

test("every address is in one list and none is lost", () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6().filter((text) => !text.includes("%")),
  );
  fc.assert(
    fc.property(fc.uniqueArray(address), (addresses) => {
      const read = readFacts(preflightOutput({ addresses }));
      const all = [...read.publicAddresses, ...read.privateAddresses, ...read.overlayAddresses];
      expect(all.sort()).toEqual([...addresses].sort());
    }),
  );
});

test("disks are disks, whatever lsblk's age, and no memory", () => {
  const blockdevices = [
    { name: "vda", size: "10737418240", rota: "1", type: "disk" },
    { name: "vdb", size: 10737418240, rota: false, type: "disk" },
    { name: "zram0", size: 10737418240, rota: false, type: "disk" },
    { name: "sdz", size: 0, rota: true, type: "disk" },
    { name: "md0", size: 10737418240, rota: false, type: "raid1" },
  ];
  expect(readFacts(preflightOutput({ devices: { blockdevices } })).disks).toEqual([
    { device: "vda", sizeMiB: 10240, rotational: true },
    { device: "vdb", sizeMiB: 10240, rotational: false },
  ]);
  expect(readFacts(preflightOutput({ devices: {} })).disks).toEqual([]);
});

test("what is no measurement is refused", () => {
  expect(() => readFacts("not JSON")).toThrow();
  expect(() => readFacts(preflightOutput({ memoryMiB: "8192" }))).toThrow("memoryMiB");
});

test("the fleet's table has a heading and a row per host, sorted by name", () => {
  const small = {
    ...facts,
    ...{ cpus: 1, memoryMiB: 957, diskMiB: 9728, diskFreeMiB: 5120, virtualisation: "none", disks: [] },
    ...{ publicAddresses: [], privateAddresses: [], warnings: ["1 CPUs, 4 are recommended", "b"] },
  };
  const [heading, ...rows] = fleetTable({ web2: small, web1: facts }).map((line) => line.split(/ {2,}/));
  expect(heading).toEqual(
    "HOST ENVIRONMENT CPUS MEMORY FREE DISKS SYSTEM MACHINE PUBLIC PRIVATE OVERLAY MEASURED STATE".split(" "),
  );
  expect(rows).toEqual([
    [
      ...["web1", "cloud 0.4", "4", "8.0 GiB", "50 GiB of 100 GiB", "sda 100 GiB", "debian 12", "x86_64 kvm"],
      ...["192.0.2.10", "10.0.0.10", "-", "2026-01-01T00:00:00Z", "ok"],
    ],
    [
      ...["web2", "cloud 0.4", "1", "0.9 GiB", "5.0 GiB of 9.5 GiB", "-", "debian 12", "x86_64 none"],
      ...["-", "-", "-", "2026-01-01T00:00:00Z", "1 CPUs, 4 are recommended; b"],
    ],
  ]);
  expect(fleetTable({})).toHaveLength(1);
});
