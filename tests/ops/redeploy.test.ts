import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { parse } from "yaml";
import { parseConfig } from "../../components/config/load";
import { certificateCheck } from "../../ops/lib/certificateCheck";
import { checkOut, stackFileText } from "../../ops/lib/checkout";
import { formatChecks, passed } from "../../ops/lib/checks";
import { treeState } from "../../ops/lib/git";
import { Deployed } from "../../ops/lib/history";
import { lastGood, lastMade, oneServiceOf, refuseDirty } from "../../ops/lib/redeploy";
import { treeCheck } from "../../ops/lib/treeCheck";
import { goesBack } from "../../ops/lib/putBack";

const entry = (version: number, more: Partial<Deployed> = {}): Deployed => ({
  version,
  kind: "update",
  result: "succeeded",
  began: `2026-01-0${version}T00:00:00Z`,
  seconds: 1,
  message: "",
  commit: "a".repeat(40),
  dirty: false,
  config: {},
  changes: {},
  ...more,
});

describe("which version goes back", () => {
  test("the newest that ended well before the deployment that failed; a preview or a failed one is none", () => {
    const history = [
      entry(1),
      entry(2),
      entry(3, { result: "failed" }),
      entry(4, { kind: "refresh" }),
      entry(5),
    ];
    expect(lastGood(history, new Date("2026-01-05T00:00:00Z"))?.version).toBe(2);
    expect(lastGood(history, new Date("2026-01-01T00:00:00Z"))).toBeUndefined();
  });

  test("one that failed its tests is none, nor is what changed nothing after it; what nobody recorded may be good", () => {
    const tested = (version: number, ok: boolean) =>
      entry(version, {
        changes: { update: 1 },
        record: { validation: { ok } } as Deployed["record"],
      });
    const history = [
      entry(1, { changes: { create: 1 } }),
      tested(2, true),
      entry(3),
      tested(4, false),
      entry(5),
      entry(6, { changes: { update: 1 } }),
    ];
    const good = (day: number) => lastGood(history, new Date(`2026-01-0${day}T00:00:00Z`))?.version;
    expect([2, 3, 4, 5, 6, 7].map(good)).toEqual([1, 2, 3, 3, 3, 6]);
    expect(lastMade(history.slice(0, 4))?.version).toBe(4);
  });

  test("one that differed from its commit is refused; what our own record says counts more than Pulumi", () => {
    expect(() => {
      refuseDirty(entry(1, { dirty: true }), false);
    }).toThrow(/version 1 .*ALLOW_DIRTY=1/s);
    refuseDirty(entry(1, { dirty: true }), true);
    refuseDirty(entry(1, { dirty: true, record: { dirty: false } as Deployed["record"] }), false);
  });

  test("of one service only its settings and image go back", () => {
    const images = (tag: string) => ({
      gateway: { reference: `gateway:${tag}`, id: tag },
      edge: { reference: `edge:${tag}`, id: tag },
    });
    const version = (number: number, env: string) => ({
      version: number,
      commit: `c${number}`,
      config: {
        "hypha:edge": JSON.stringify({ domain: `${env}.test` }),
        "hypha:chat": JSON.stringify({
          admin: env,
          gateway: { env: { A: env } },
          bridge: { replicas: number },
        }),
      },
      images: images(env),
    });
    expect(oneServiceOf("gateway", version(9, "now"), version(2, "then"))).toEqual({
      version: 2,
      commit: "c9",
      config: {
        "hypha:edge": '{"domain":"now.test"}',
        "hypha:chat": JSON.stringify({
          admin: "now",
          gateway: { env: { A: "then" } },
          bridge: { replicas: 9 },
        }),
      },
      images: { ...images("now"), gateway: images("then").gateway },
    });
  });
});

describe("a checkout", () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-tree-"));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: directory, encoding: "utf8" }).trim();
  const write = (file: string, text: string) => {
    fs.writeFileSync(path.join(directory, file), text);
  };
  const stackFile = "Pulumi.prod.yaml";
  let commit = "";
  beforeAll(() => {
    git("init", "--quiet");
    git("config", "user.email", "ann@x");
    git("config", "user.name", "Ann");
    write(stackFile, "config:\n  hypha:edge: { domain: a.test }\n");
    write("index.ts", "1\n");
    write("package-lock.json", "{}\n");
    git("add", "--all");
    git("commit", "--quiet", "--message", "one");
    commit = git("rev-parse", "HEAD");
    fs.mkdirSync(path.join(directory, "node_modules"));
  });
  afterAll(() => {
    fs.rmSync(directory, { recursive: true });
  });

  test("a new salt and another layout of the stack file are no change; another value or file is", () => {
    write(stackFile, "encryptionsalt: v1:abc\nconfig:\n  hypha:edge: {domain: a.test}\n");
    expect(treeState(directory, stackFile)).toEqual({ commit, changed: [] });
    write(stackFile, "encryptionsalt: v1:abc\nconfig:\n  hypha:edge: {domain: b.test}\n");
    write("new.ts", "");
    expect(treeState(directory, stackFile).changed).toEqual([stackFile, "new.ts"]);
    fs.rmSync(path.join(directory, "new.ts"));
    expect(treeState(os.tmpdir(), stackFile).commit).toBeUndefined();
  });

  test("an earlier commit stands beside it with the same packages, and goes without a trace", () => {
    write("index.ts", "2\n");
    const status = git("status", "--porcelain");
    const earlier = checkOut(commit, "config: {}\n", directory);
    expect(fs.readFileSync(path.join(earlier.directory, "index.ts"), "utf8")).toBe("1\n");
    expect(fs.realpathSync(path.join(earlier.directory, "node_modules"))).toBe(
      fs.realpathSync(path.join(directory, "node_modules")),
    );
    expect(fs.readFileSync(earlier.configFile, "utf8")).toBe("config: {}\n");
    expect(treeState(earlier.directory, stackFile).changed).toEqual([]);
    earlier.remove();
    expect(git("worktree", "list").split("\n")).toHaveLength(1);
    expect(git("status", "--porcelain")).toBe(status);
    expect(() => checkOut("b".repeat(40), "", directory)).toThrow(/is not in this checkout: fetch it/);
  });
});

test.each([
  [undefined, false, false],
  [undefined, true, true],
  ["", true, true],
  ["true", false, true],
  ["1", false, true],
  ["false", true, false],
  ["0", true, false],
])("ROLLBACK_ON_FAILURE=%s wins over the configuration's %s: %s", (variable, configured, expected) => {
  const release = { rollbackOnFailure: configured };
  const config = parseConfig({ hosts: { here: { kind: "local" } }, edge: { domain: "chat.test" }, release });
  expect(goesBack(variable, config)).toBe(expected);
  expect(() => goesBack("yes", config)).toThrow("ROLLBACK_ON_FAILURE=yes: write true or false");
});

test("a version's stack file has its configuration and the salt of today", () => {
  const text = stackFileText({ "hypha:edge": '{"domain":"a.test"}' }, "v1:abc");
  expect(parse(text)).toEqual({ encryptionsalt: "v1:abc", config: { "hypha:edge": { domain: "a.test" } } });
  expect(parse(stackFileText({}, undefined))).toEqual({ config: {} });
});

test("a tree that differs is refused for servers, unless that is allowed, and noted for a local stack", () => {
  const tree = { commit: "a".repeat(40), changed: ["x.ts"] };
  expect(treeCheck(tree, { servers: true, allowed: false })).toMatchObject({ verdict: "FAILED" });
  expect(treeCheck(tree, { servers: true, allowed: true })).toMatchObject({ verdict: "warn" });
  expect(treeCheck(tree, { servers: false, allowed: false })).toMatchObject({
    verdict: "ok",
    what: expect.stringContaining("differs") as string,
  });
  expect(treeCheck({ ...tree, changed: [] }, { servers: true, allowed: false }).verdict).toBe("ok");
  expect(treeCheck({ commit: undefined, changed: [] }, { servers: true, allowed: false }).verdict).toBe(
    "FAILED",
  );
});

test.each([
  [89, false, "ok"],
  [20, false, "ok"],
  [19.9, false, "warn"],
  [2.9, false, "FAILED"],
  [-1, false, "FAILED"],
  [2.9, true, "warn"],
])("%d days left (renewed: %s) is %s", (days, renewed, verdict) => {
  expect(certificateCheck("192.0.2.1", days, renewed)).toMatchObject({ verdict });
});

test("the table has a line for each check, and below it what to do", () => {
  const checks = [
    { name: "git tree", verdict: "ok" as const, what: "clean" },
    {
      name: "change",
      verdict: "FAILED" as const,
      what: "1 to delete; this cannot be undone:\nthe data",
      fix: "say so",
    },
  ];
  expect(formatChecks(checks)).toBe(
    "ok      git tree  clean\nFAILED  change    1 to delete; this cannot be undone:\n        the data\n        what to do: say so",
  );
  expect(passed(checks)).toBe(false);
  expect(passed(checks.slice(0, 1))).toBe(true);
});
