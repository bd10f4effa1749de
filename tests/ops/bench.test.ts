import { comparisons } from "../../bench/lib/aims";
import { covered, phaseSeconds } from "../../bench/lib/phases";
import { markdown } from "../../bench/lib/report";
import { firstLine, medianOf, Row, summarize } from "../../bench/lib/rows";
import { Case, measure } from "../../bench/lib/series";
import { ansibleVerdict, pyinfraVerdict } from "../../bench/lib/verdicts";

function row(group: string, name: string, values: number[], error?: string): Row {
  return { group, name, unit: "s", values, ...(error === undefined ? {} : { error }) };
}

/** A full set of figures, of which some may be others. */
function figures(other: Partial<Record<"up" | "change" | "ansible", number>> = {}): Row[] {
  return [
    row("floor", "no-op up", [2]),
    row("floor", "no-op preview", [2]),
    row("vps", "no-op up", [other.up ?? 3]),
    row("vps", "no-op preview", [3]),
    row("peers", "pyinfra, 1 host", [4]),
    row("peers", "ansible, 1 host", [other.ansible ?? 15]),
    row("change", "up with one changed variable", [other.change ?? 14]),
    row("change", "docker service update by hand", [10]),
  ];
}

const verdicts = (rows: Row[]) => comparisons(rows).map(({ met }) => met);

describe("figures", () => {
  test("the median of an even number lies between the middle two; order does not matter", () => {
    expect(summarize([9, 1, 2, 4])).toEqual({ median: 3, min: 1, max: 9 });
    expect(summarize([5])).toEqual({ median: 5, min: 5, max: 5 });
    expect(summarize([])).toBeUndefined();
  });

  test("a failed row has no median, whatever it measured before", () => {
    expect(medianOf([row("a", "b", [1], "broke")], "a", "b")).toBeUndefined();
    expect(medianOf([row("a", "b", [1])], "a", "b")).toBe(1);
  });

  test("an error is told by its first line and the one that names the cause", () => {
    const error = new Error("pulumi ended with 1:\nUpdating\nerror: no stack\nmore");
    expect(firstLine(error)).toBe("pulumi ended with 1: error: no stack");
  });
});

describe("aims", () => {
  test("the limit itself meets an aim of at most or at least", () => {
    expect(verdicts(figures())).toEqual([true, true, true, true, true]);
    expect(verdicts(figures({ up: 3.2, ansible: 16, change: 14 }))).toEqual([true, true, true, true, true]);
  });

  test("beyond the limit an aim is missed, each by itself", () => {
    expect(verdicts(figures({ up: 3.3, ansible: 100 }))).toEqual([false, true, true, true, true]);
    expect(verdicts(figures({ ansible: 14.9 }))).toEqual([true, true, true, false, true]);
    expect(verdicts(figures({ change: 14.1 }))).toEqual([true, true, true, true, false]);
  });

  test("what was not measured is neither met nor missed", () => {
    const rows = figures().filter(({ group }) => group !== "floor");
    expect(verdicts(rows)).toEqual([undefined, undefined, true, true, undefined]);
  });
});

describe("phases of a deployment", () => {
  const urn = (type: string, name: string) => ({ urn: `urn:pulumi:s::hypha::${type}::${name}` });
  const event = (timestamp: number, kind: string, metadata: object) =>
    JSON.stringify({ timestamp, [kind]: { metadata } });
  const command = "command:remote:Command";

  test("spans that overlap count once, gaps do not", () => {
    const list = [
      { start: 10, end: 12 },
      { start: 0, end: 4 },
      { start: 1, end: 3 },
      { start: 3, end: 6 },
    ];
    expect(covered(list)).toBe(8);
  });

  test("each phase has the seconds of its own resources; unchanged ones have none; a failed one has its time", () => {
    const log = [
      event(100, "resourcePreEvent", { op: "create", ...urn(command, "vps1-preflight") }),
      event(100, "resourcePreEvent", { op: "same", ...urn(command, "vps1-prepare") }),
      event(103, "resOutputsEvent", { op: "create", ...urn(command, "vps1-preflight") }),
      event(103, "resourcePreEvent", { op: "create", ...urn("command:local:Command", "edge-image-build") }),
      event(104, "resourcePreEvent", { op: "create", ...urn("command:local:Command", "bridge-image-build") }),
      event(109, "resOutputsEvent", { op: "same", ...urn(command, "vps1-prepare") }),
      event(113, "resOutputsEvent", { op: "create", ...urn("command:local:Command", "bridge-image-build") }),
      event(111, "resOutputsEvent", { op: "create", ...urn("command:local:Command", "edge-image-build") }),
      event(113, "resourcePreEvent", {
        op: "create",
        ...urn("docker:index/service:Service", "edge-service"),
      }),
      event(120, "resOpFailedEvent", {
        op: "create",
        ...urn("docker:index/service:Service", "edge-service"),
      }),
    ].join("\n");
    expect(Object.fromEntries(phaseSeconds(log))).toEqual({
      preflight: 3,
      "images: build and send": 10,
      services: 7,
    });
  });
});

describe("what the other tools say", () => {
  const total = (cells: string) =>
    `    [10.0.0.1] Connected\n    Operation  Hosts  Success  Error  No Change\n    Grand total   ${cells}\n`;

  test("pyinfra: changes and failures are in the last line; no server is no run", () => {
    expect(pyinfraVerdict(total("11   -   -   11"))).toEqual({ hosts: 1, changed: 0, failed: 0 });
    expect(pyinfraVerdict(total("16   11   2   3"))).toEqual({ hosts: 1, changed: 11, failed: 2 });
    expect(pyinfraVerdict("Grand total   -   -   -   -")).toMatchObject({ hosts: 0 });
    expect(() => pyinfraVerdict("--> Connecting to hosts...")).toThrow("did not come to its end");
  });

  test("ansible: the recaps of all servers together", () => {
    const output = [
      "10.0.0.1 : ok=17   changed=2    unreachable=0    failed=0    skipped=0",
      "10.0.0.2 : ok=3    changed=1    unreachable=1    failed=0    skipped=0",
    ].join("\n");
    expect(ansibleVerdict(output)).toEqual({ hosts: 2, changed: 3, failed: 1 });
    expect(ansibleVerdict("no hosts matched")).toMatchObject({ hosts: 0 });
  });
});

describe("measuring", () => {
  const calls: string[] = [];
  const quiet = () => undefined;
  const one = (
    group: string,
    measureOne: (round: number) => Promise<number>,
    prepare?: () => Promise<Row[]>,
  ): Case => ({
    group,
    prepare: prepare ?? (async () => []),
    series: [{ name: "figure", unit: "s", measure: measureOne }],
    cleanUp: async () => void calls.push(`clean ${group}`),
  });

  beforeEach(() => calls.splice(0));

  test("goes round by round through all cases, then cleans up in the other order, shared things last", async () => {
    const shared = { remove: async () => void calls.push("clean shared") };
    const value = (group: string) => async (round: number) => calls.push(`${group}${round}`);
    await measure([one("a", value("a")), one("b", value("b"))], 2, quiet, [shared]);
    expect(calls).toEqual(["a1", "b1", "a2", "b2", "clean b", "clean a", "clean shared"]);
  });

  test("a figure that fails is a row with the error, is not tried again, and stops no other", async () => {
    const failing = one("a", async (round) => {
      calls.push(`a${round}`);
      throw new Error("broke\n  at somewhere");
    });
    const rows = await measure([failing, one("b", async (round) => round)], 2, quiet);
    expect(rows).toMatchObject([
      { group: "a", values: [], error: "broke" },
      { group: "b", values: [1, 2] },
    ]);
    expect(calls).toEqual(["a1", "clean b", "clean a"]);
  });

  test("a case that cannot be prepared says so in every row it owes, and is cleaned up", async () => {
    const broken = one(
      "a",
      async () => 1,
      async () => {
        throw new Error("no server");
      },
    );
    const rows = await measure([broken], 1, quiet);
    expect(rows).toMatchObject([
      { name: "preparation", error: "no server" },
      { name: "figure", values: [], error: "its preparation failed" },
    ]);
    expect(calls).toEqual(["clean a"]);
  });

  test("what is left behind is a row too", async () => {
    const left = { ...one("a", async () => 1), cleanUp: () => Promise.reject(new Error("still there")) };
    expect(await measure([left], 1, quiet)).toMatchObject([
      { values: [1] },
      { name: "cleaning up", error: "still there" },
    ]);
  });

  test("an interruption ends the rounds and cleans up", async () => {
    const controller = new AbortController();
    const stopping = one("a", async (round) => {
      calls.push(`a${round}`);
      controller.abort(new Error("interrupted"));
      return 1;
    });
    await expect(measure([stopping], 3, quiet, [], controller.signal)).rejects.toThrow("interrupted");
    expect(calls).toEqual(["a1", "clean a"]);
  });
});

test("the table has a line for every row, failed ones with their error, and no cell breaks it", () => {
  const text = markdown({
    started: "2026-01-01T00:00:00.000Z",
    minutes: 1,
    runs: 2,
    machine: { memory: "24 GiB" },
    rows: [row("a", "fine", [1, 2]), row("b", "broken", [], "one | two\nthree")],
    comparisons: comparisons([]),
  });
  expect(text).toContain("| a | fine | s | 1.50 | 1.00 | 2.00 | 2 |  |\n");
  expect(text).toContain("| b | broken | s | – | – | – | 0 | FAILED: one \\| two three |\n");
  expect(text.match(/\| not measured \|$/gm)).toHaveLength(5);
});
