import * as fc from "fast-check";
import { duration } from "../../../components/swarm/duration";

test.each([
  [0, "0s"],
  [5, "5s"],
  [60, "1m"],
  [90, "1m30s"],
  [160, "2m40s"],
  [3600, "1h"],
  [3605, "1h0m5s"],
  [3660, "1h1m"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("it says as many seconds as it was given, in units that each count less than the next", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), (seconds) => {
      const [, h = "0", m = "0", s = "0"] =
        /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration(seconds)) ?? [];
      expect(Number(h) * 3600 + Number(m) * 60 + Number(s)).toBe(seconds);
      expect(Number(m)).toBeLessThan(60);
      expect(Number(s)).toBeLessThan(60);
    }),
    { numRuns: 200 },
  );
});
