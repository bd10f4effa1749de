import { comparisons } from "../../bench/lib/aims";
import { reliabilityRows } from "../../bench/cases/reliability";
import { isBroken, kinds, metricsOf, Outcome, planOf, randomOf } from "../../bench/lib/faultPlan";
import { medianOf } from "../../bench/lib/rows";

describe("the plan", () => {
  test("follows from its seed, and from nothing else", () => {
    expect(planOf(7, 60)).toEqual(planOf(7, 60));
    expect(planOf(7, 60)).not.toEqual(planOf(8, 60));
    expect(planOf(7, 60).slice(0, 20)).toEqual(planOf(7, 20));
  });

  test("has every fault at every moment, if it is long enough, and numbers from 0 to below 1", () => {
    const plan = planOf(1, 2000);
    expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(kinds));
    expect(new Set(plan.map(({ moment }) => moment)).size).toBe(3);
    const random = randomOf(3);
    const values = Array.from({ length: 1000 }, () => random());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(Math.max(...values)).toBeGreaterThan(0.9);
  });
});

const outcome = (change: Partial<Outcome> = {}): Outcome => ({
  ...{ kind: "nothing", moment: "as it begins", exits: ["0"], recovered: true, seconds: 20 },
  ...{ requests: 100, failed: 0 },
  ...change,
});

const shown = (outcomes: Outcome[]) => metricsOf(outcomes).map(({ shown: text }) => text);

describe("what is counted", () => {
  test("a broken version that went back is recovered, and no deployment of a sound one", () => {
    const broken = outcome({
      kind: "the new version ends at once",
      exits: ["1"],
      rollback: { ok: true, seconds: 12 },
    });
    expect(isBroken(broken.kind)).toBe(true);
    expect(shown([outcome(), broken])).toEqual(["1 of 1", "1 of 1", "1 of 1", "1 of 1", "0 of 2"]);
  });

  test("what needed more than its command is a manual step; a second run is none", () => {
    const killed = outcome({ kind: "SIGKILL", exits: ["SIGKILL", "0"] });
    const stuck = outcome({ kind: "SIGKILL", exits: ["SIGKILL", "1", "1"], recovered: false });
    const back = outcome({ kind: "the new version never answers", exits: ["1"], recovered: false });
    expect(shown([killed, stuck, { ...back, rollback: { ok: false, seconds: 3 } }])).toEqual([
      "0 of 0",
      "1 of 2",
      "1 of 3",
      "0 of 1",
      "2 of 3",
    ]);
  });

  test("the rows hold the aims: the limits themselves meet them, and nothing measured is not met", () => {
    const fine = Array.from({ length: 19 }, () => outcome({ kind: "SIGINT", exits: ["1", "0"] }));
    const missed = outcome({ kind: "SIGINT", exits: ["1", "1", "1"], recovered: false });
    const verdicts = (outcomes: Outcome[]) =>
      comparisons(reliabilityRows(outcomes))
        .slice(-5)
        .map(({ met }) => met);
    expect(verdicts([outcome(), ...fine])).toEqual([true, true, true, undefined, true]);
    expect(verdicts([...fine, missed])).toEqual([undefined, true, true, undefined, false]);
    expect(verdicts([...fine, missed, missed])).toEqual([undefined, false, true, undefined, false]);
  });

  test("times are of the deployments that they speak of", () => {
    const rows = reliabilityRows([
      outcome({ seconds: 10 }),
      outcome({ kind: "SIGINT", seconds: 90, failed: 4 }),
      outcome({ kind: "the new version ends at once", rollback: { ok: true, seconds: 7 }, seconds: 50 }),
    ]);
    const of = (name: string) => medianOf(rows, "reliability", name);
    expect(of("up, one changed variable, no fault")).toBe(10);
    expect(of("from the failure to the old version confirmed")).toBe(7);
    expect(of("failed requests: SIGINT")).toBe(4);
  });
});
