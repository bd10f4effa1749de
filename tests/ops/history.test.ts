import { deploymentRecord } from "../../ops/lib/record";
import {
  Deployed,
  entryOf,
  HistoryEntry,
  parseHistory,
  RawEntry,
  stackHistory,
  withRecords,
} from "../../ops/lib/history";
import { formatHistory } from "../../ops/lib/historyTable";
import { resolveVersion } from "../../ops/lib/version";

const sha = (digit: string) => digit.repeat(40);
const raw = (minute: number, change: Partial<RawEntry> = {}): RawEntry => ({
  version: 0,
  kind: "update",
  startTime: `2026-01-01T10:${String(minute).padStart(2, "0")}:00.000Z`,
  endTime: `2026-01-01T10:${String(minute).padStart(2, "0")}:30.000Z`,
  message: "a change",
  environment: { "git.head": sha("a"), "git.dirty": "false" },
  config: {},
  result: "succeeded",
  resourceChanges: { same: 3, update: 1, delete: 0 },
  ...change,
});
/** Oldest first here, as Pulumi prints it newest first. */
const history = (...entries: RawEntry[]): HistoryEntry[] => parseHistory(entries.reverse());

describe("Pulumi's history", () => {
  test("is told oldest first, with who, from what, with which configuration, and what changed", () => {
    const entry = raw(1, {
      environment: {
        "git.head": sha("b"),
        "git.dirty": "true",
        "git.author": "Ann",
        "git.author.email": "a@x",
      },
      config: { "hypha:edge": { value: "{}" }, "hypha:sealed": {} },
    });
    expect(parseHistory([entry])).toEqual([
      {
        version: 1,
        kind: "update",
        result: "succeeded",
        began: "2026-01-01T10:01:00.000Z",
        seconds: 30,
        message: "a change",
        commit: sha("b"),
        dirty: true,
        author: "Ann <a@x>",
        config: { "hypha:edge": "{}" },
        changes: { update: 1 },
      },
    ]);
    const bare = raw(2, { environment: undefined, endTime: undefined, message: undefined });
    const [nothing] = parseHistory([bare]);
    expect(nothing).toMatchObject({ seconds: 0, message: "", dirty: false });
    expect(nothing).not.toHaveProperty("commit");
    expect(nothing).not.toHaveProperty("author");
  });

  test("is numbered by order, whatever the kind; a backend's own numbers count where it gives them", () => {
    expect(
      history(raw(1), raw(1), raw(2, { kind: "refresh" })).map(({ version, kind }) => [version, kind]),
    ).toEqual([
      [1, "update"],
      [2, "update"],
      [3, "refresh"],
    ]);
    expect(history(raw(1, { version: 41 }), raw(2, { version: 43 })).map(({ version }) => version)).toEqual([
      41, 43,
    ]);
  });

  test("is read page by page to its end: Pulumi alone would print ten", () => {
    const all = Array.from({ length: 230 }, (_, index) => raw(index % 60, { message: String(230 - index) }));
    const asked: string[] = [];
    const entries = stackHistory("prod", (args) => {
      asked.push(args.join(" "));
      const page = asked.length - 1;
      return JSON.stringify(all.slice(page * 100, page * 100 + 100));
    });
    expect(asked).toEqual(
      [1, 2, 3].map((page) => `stack history --stack prod --json --page-size 100 --page ${page}`),
    );
    expect(entries.map(({ version, message }) => [version, message])[229]).toEqual([230, "230"]);
    expect(stackHistory("new", () => "[]")).toEqual([]);
  });
});

describe("the entry of a deployment", () => {
  const three = history(raw(1), raw(2), raw(4, { kind: "destroy" }));

  test("is the one that ran while it did and began nearest to it; a killed one has none", () => {
    expect(entryOf(three, { began: new Date("2026-01-01T10:02:01Z"), seconds: 28 })?.version).toBe(2);
    expect(entryOf(three, { began: new Date("2026-01-01T10:03:00Z"), seconds: 40 })).toBeUndefined();
    expect(entryOf(three, { began: new Date("2026-01-01T10:04:01Z"), seconds: 2 })).toBeUndefined();
    // One that ends in the second in which the next begins.
    const close = history(raw(1, { endTime: "2026-01-01T10:02:00.000Z" }), raw(2));
    expect(entryOf(close, { began: new Date("2026-01-01T10:01:00Z"), seconds: 60 })?.version).toBe(1);
    expect(entryOf(close, { began: new Date("2026-01-01T10:02:00Z"), seconds: 30 })?.version).toBe(2);
  });

  test("gets the record that the hosts have of it", () => {
    const record = deploymentRecord({
      audit: {
        when: "2026-01-01T10:02:00.000Z",
        who: "op@desk",
        stack: "prod",
        commit: sha("a"),
        dirty: false,
        configHash: "h",
        result: "succeeded",
        seconds: 30,
        changes: {},
      },
      deployment: {
        config: {},
        began: new Date("2026-01-01T10:02:00Z"),
        seconds: 30,
        result: "succeeded",
        changes: {},
      },
      steps: [],
      resources: [],
      found: {},
    });
    const lost = { ...record, began: "2026-01-01T11:00:00.000Z" };
    expect(withRecords(three, [lost, record]).map((entry) => entry.record?.id)).toEqual([
      undefined,
      "20260101T100200Z-aaaaaaaaaaaa",
      undefined,
    ]);
  });
});

describe("VERSION=", () => {
  const of = (digit: string, more: Partial<RawEntry["environment"]> = {}) => ({
    "git.head": sha(digit),
    ...more,
  });
  const entries: Deployed[] = history(
    raw(1, { environment: of("a"), config: { "hypha:edge": { value: "{}" }, "aws:region": { value: "x" } } }),
    raw(2, { environment: of("b") }),
    raw(3, { environment: of("b"), result: "failed" }),
    raw(4, { environment: of("c"), result: "failed" }),
    raw(5, { environment: {} }),
    raw(6, { kind: "refresh", environment: of("d") }),
  );
  const tags = (name: string) => ({ "v1.0": sha("a"), "7": sha("b") })[name];
  const resolve = (wanted: string, list = entries) => resolveVersion(wanted, list, tags);

  test.each([
    ["its number", "2", 2],
    ["a whole commit", sha("a"), 1],
    ["a commit's first digits", "aaaaaaa", 1],
    ["a tag", "v1.0", 1],
    ["a number that no version has, where git knows it", "7", 2],
    ["a commit that failed the last time and went well before", sha("b"), 2],
  ])("is %s", (_, wanted, version) => {
    expect(resolve(wanted).version).toBe(version);
  });

  test("is, of a commit's deployments, one that passed its tests before a newer one that did not", () => {
    const list = history(raw(1), raw(2), raw(3)) as Deployed[];
    const tested = (ok: boolean) => ({ validation: { ok } }) as Deployed["record"];
    Object.assign(list[1] ?? {}, { record: tested(true) });
    Object.assign(list[2] ?? {}, { record: tested(false) });
    expect(resolve(sha("a"), list).version).toBe(2);
    expect(resolve("3", list).version).toBe(3);
    expect(resolve(sha("a"), list.slice(2)).version).toBe(3);
  });

  test("gives commit, configuration of this program, and images where a record has them", () => {
    expect(resolve("1")).toMatchObject({ commit: sha("a"), config: { "hypha:edge": "{}" } });
    expect(Object.keys(resolve("1").config)).toEqual(["hypha:edge"]);
    expect(resolve("1")).not.toHaveProperty("images");
    const images = { bridge: { reference: "r", id: "sha256:1" } };
    const recorded = entries.map((entry) => ({ ...entry, record: { images } }) as unknown as Deployed);
    expect(resolve("1", recorded).images).toEqual(images);
  });

  test.each([
    ["nothing like it", "99", "no deployment of this stack is that"],
    ["what git takes for an option", "--all", "no deployment of this stack is that"],
    ["a refresh", "6", "versions: 1 to 5"],
    ["one that failed", "4", "version 4 failed"],
    ["a commit that only failed", sha("c"), "version 4 failed"],
    ["one without a commit", "5", "not deployed from a git checkout"],
  ])("is refused for %s", (_, wanted, message) => {
    expect(() => resolve(wanted)).toThrow(message);
  });

  test("with no history says so", () => {
    expect(() => resolve("1", [])).toThrow("versions: none");
  });
});

describe("the table", () => {
  test("has a line for each version: what changed where, and which images are new in it", () => {
    const entries = history(
      raw(1, { resourceChanges: { create: 3 } }),
      raw(2, { result: "failed", environment: { "git.head": sha("b"), "git.dirty": "true" } }),
      raw(3, { resourceChanges: {}, message: "back\nand more" }),
    ) as Deployed[];
    const image = (id: string) => ({ reference: "r", id: `sha256:${id.repeat(64)}` });
    const record = (index: number, more: object) => Object.assign(entries[index] ?? {}, { record: more });
    record(0, {
      images: { bridge: image("1"), edge: image("2") },
      components: { bridge: { status: "completed" } },
      validation: { ok: true },
    });
    record(1, { components: { bridge: { status: "failed" }, edge: { status: "unchanged" } } });
    record(2, {
      images: { bridge: image("3"), edge: image("2") },
      components: {},
      redeployOf: 1,
      validation: { ok: false },
    });
    const lines = formatHistory(entries).split("\n");
    expect(lines[0]).toMatch(
      /^version +when +kind +result +works +time +commit +author +changed +images +message$/,
    );
    expect(lines[1]).toMatch(
      /^1 +2026-01-01T10:01:00Z +update +succeeded +yes +30 s +aaaaaaaaaaaa +\+3: bridge +bridge 111111111111, edge 222222222222 +a change$/,
    );
    expect(lines[2]).toMatch(/^2 .* failed +30 s +bbbbbbbbbbbb-dirty +~1: bridge \(failed\) +a change$/);
    expect(lines[3]).toMatch(/^3 .* update, back to 1 +succeeded +NO .* nothing +bridge 333333333333 +back$/);
    expect(formatHistory([])).toBe("nothing was deployed yet");
  });
});
