import * as fc from "fast-check";
import type { Machine, PostgresWishes } from "../../../components/sizing/sizing";
import {
  edgeMemoryMiB,
  homeserverSizes,
  postgresSizes,
  lokiSizes,
  prometheusSizes,
  soldMemoryMiB,
  swapMiB,
} from "../../../components/sizing/sizing";

const memory = fc.integer({ min: 256, max: 16_777_216 });
const machine = fc.record({ cpus: fc.integer({ min: 1, max: 1024 }), memoryMiB: memory });
const maxConnections = fc.integer({ min: 20, max: 10_000 });
const wishes = fc.oneof(
  fc.record({ maxConnections }),
  fc.record({ maxConnections, sharedBuffersMiB: fc.integer({ min: 1, max: 262_144 }) }),
  fc.record({ maxConnections, memoryMiB: fc.integer({ min: 16, max: 1_048_576 }) }),
  fc
    .tuple(
      maxConnections,
      fc.integer({ min: 16, max: 1_048_576 }),
      fc.double({ min: 0.01, max: 0.5, noNaN: true }),
    )
    .map(([connections, memoryMiB, part]) => ({
      maxConnections: connections,
      memoryMiB,
      sharedBuffersMiB: Math.max(1, Math.floor(memoryMiB * part)),
    })),
);
/** All that a machine decides, as numbers. */
const decided = (one: Machine, wish: PostgresWishes) => ({
  ...postgresSizes(one, wish),
  ...Object.fromEntries(
    Object.entries(homeserverSizes(one, {})).map(([key, value]) => [`homeserver.${key}`, value]),
  ),
  edge: edgeMemoryMiB([one]),
  sold: soldMemoryMiB(one.memoryMiB),
});

test.each([
  // [memory, cpus] → Postgres [limit, cache, planner's cache, maintenance, work in KiB], homeserver, edge
  [957, 1, [512, 128, 384, 32, 4096], [768, 0.5], 128],
  [3915, 2, [1024, 256, 768, 64, 4096], [768, 0.5], 128],
  [7975, 4, [2048, 512, 1536, 128, 4854], [1024, 0.5], 128],
  [15_990, 8, [4096, 1024, 3072, 256, 9709], [2048, 1], 192],
  [64_300, 32, [16_384, 4096, 12_288, 1024, 38_836], [8192, 2], 576],
  [257_000, 64, [65_536, 16_384, 49_152, 2048, 155_344], [32_768, 2], 1088],
])("%d MiB and %d CPUs", (memoryMiB, cpus, postgres, homeserver, edge) => {
  expect(Object.values(postgresSizes({ memoryMiB, cpus }, { maxConnections: 100 }))).toEqual(postgres);
  expect(Object.values(homeserverSizes({ memoryMiB, cpus }, {}))).toEqual(homeserver);
  expect(edgeMemoryMiB([{ memoryMiB, cpus }])).toBe(edge);
});

test.each([
  [957, 1024],
  [1967, 2048],
  [3915, 4096],
  [7975, 8192],
  [15_990, 16_384],
  [32_100, 32_768],
  [64_300, 65_536],
  [257_000, 262_144],
  [8192, 8192],
])("%d MiB were sold as %d", (reported, sold) => {
  expect(soldMemoryMiB(reported)).toBe(sold);
});

test("nothing gets more than the machine has, and together they leave most of it", () => {
  fc.assert(
    fc.property(machine, maxConnections, (one, connections) => {
      const postgres = postgresSizes(one, { maxConnections: connections });
      const homeserver = homeserverSizes(one, {});
      for (const size of [postgres.memoryMiB, homeserver.memoryMiB, edgeMemoryMiB([one])]) {
        expect(size).toBeLessThanOrEqual(one.memoryMiB);
      }
      if (one.memoryMiB >= 4096) {
        expect(postgres.memoryMiB + homeserver.memoryMiB).toBeLessThanOrEqual(one.memoryMiB / 2);
      }
    }),
  );
});

test("the edge has one limit on all its hosts, with room for a worker per CPU on the largest", () => {
  const small = { cpus: 1, memoryMiB: 1024 };
  expect(edgeMemoryMiB([small, { cpus: 16, memoryMiB: 8192 }])).toBe(320);
  expect(edgeMemoryMiB([small, { cpus: 128, memoryMiB: 65_536 }])).toBe(1024);
});

test("a larger machine never gets less of anything", () => {
  fc.assert(
    fc.property(machine, machine, wishes, (a, b, wish) => {
      const small = { cpus: Math.min(a.cpus, b.cpus), memoryMiB: Math.min(a.memoryMiB, b.memoryMiB) };
      const large = { cpus: Math.max(a.cpus, b.cpus), memoryMiB: Math.max(a.memoryMiB, b.memoryMiB) };
      const [less, more] = [decided(small, wish), decided(large, wish)] as Record<string, number>[];
      for (const [name, size] of Object.entries(less ?? {})) {
        expect({ name, size: more?.[name] }).toEqual({ name, size: expect.any(Number) as number });
        expect(more?.[name]).toBeGreaterThanOrEqual(size);
      }
    }),
  );
});

test("what is set stays as it is set, and the parts fit into Postgres' container", () => {
  fc.assert(
    fc.property(machine, wishes, (one, wish: PostgresWishes) => {
      const sizes = postgresSizes(one, wish);
      expect(sizes).toMatchObject({
        ...(wish.memoryMiB === undefined ? {} : { memoryMiB: wish.memoryMiB }),
        ...(wish.sharedBuffersMiB === undefined ? {} : { sharedBuffersMiB: wish.sharedBuffersMiB }),
      });
      expect(sizes.sharedBuffersMiB + sizes.maintenanceWorkMemMiB).toBeLessThanOrEqual(sizes.memoryMiB);
      expect(sizes.effectiveCacheSizeMiB).toBeLessThanOrEqual(sizes.memoryMiB);
      expect(Object.values(sizes).every((size) => Number.isInteger(size) && size >= 1)).toBe(true);
    }),
  );
});

test("what the kernel keeps more or less of changes no size of a usual server", () => {
  const sold = fc.constantFrom(1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256);
  const kept = fc.double({ min: 0.01, max: 0.06, noNaN: true });
  fc.assert(
    fc.property(sold, kept, kept, (gib, one, other) => {
      const sizes = (part: number) =>
        decided({ cpus: 4, memoryMiB: Math.floor(gib * 1024 * (1 - part)) }, { maxConnections: 100 });
      expect(sizes(one)).toEqual(sizes(other));
    }),
  );
});

test.each([
  [768, 0.5],
  [1024, 0.5],
  [1536, 0.75],
  [4096, 2],
  [65_536, 2],
])("a homeserver that is given %d MiB keeps %d of its caches", (memoryMiB, cacheFactor) => {
  expect(homeserverSizes({ cpus: 1, memoryMiB: 2048 }, { memoryMiB })).toEqual({ memoryMiB, cacheFactor });
});

test.each([
  [512, 1024],
  [2048, 4096],
  [2049, 2049],
  [8192, 8192],
  [8193, 4096],
  [262_144, 4096],
])("%d MiB of memory get %d MiB of swap", (memory, swap) => {
  expect(swapMiB(memory)).toBe(swap);
});

test.each([
  // The smallest host that is watched, a common one, a big one.
  [
    { memoryMiB: 1900, diskMiB: 20_000 },
    { memoryMiB: 512, goLimitMiB: 460, diskMiB: 1792 },
  ],
  [
    { memoryMiB: 8000, diskMiB: 80_000 },
    { memoryMiB: 1024, goLimitMiB: 921, diskMiB: 7936 },
  ],
  [
    { memoryMiB: 500, diskMiB: 4000 },
    { memoryMiB: 500, goLimitMiB: 450, diskMiB: 512 },
  ],
  [
    { memoryMiB: 262_144, diskMiB: 4_000_000 },
    { memoryMiB: 32_768, goLimitMiB: 29_491, diskMiB: 51_200 },
  ],
])("Prometheus on %j gets %j", (machine, sizes) => {
  expect(prometheusSizes({ cpus: 2, ...machine }, {})).toEqual(sizes);
  expect(prometheusSizes({ cpus: 2, ...machine }, { diskMiB: 300 }).diskMiB).toBe(300);
});

test.each([
  [1900, { memoryMiB: 384, goLimitMiB: 345 }],
  [8000, { memoryMiB: 1024, goLimitMiB: 921 }],
  [300, { memoryMiB: 300, goLimitMiB: 270 }],
])("Loki on a host of %d MiB gets %j", (memoryMiB, sizes) => {
  expect(lokiSizes({ cpus: 1, memoryMiB })).toEqual(sizes);
});
