import { Lock } from "../../ops/lib/lock";
import { release, ReleaseParts } from "../../ops/lib/release";

/** A release whose parts note that they were called; `change` has what is different. */
function parts(change: Partial<ReleaseParts> = {}) {
  const calls: string[] = [];
  const said: string[] = [];
  let lose: (why: string) => void = () => undefined;
  const lock: Lock = {
    lost: new Promise((resolve) => (lose = resolve)),
    release: () => {
      calls.push("unlock");
      return Promise.resolve();
    },
  };
  const note = <Result>(name: string, result: Result) => {
    calls.push(name);
    return Promise.resolve(result);
  };
  const all: ReleaseParts = {
    lock: () => note("lock", lock),
    preflight: () => note("preflight", { checks: [], preview: { code: 0, events: [] } }),
    agree: () => note("agree", true),
    silence: () => {
      calls.push("silence");
      return (well) => {
        calls.push(well ? "silence ends soon" : "silence ends");
      };
    },
    update: () => note("update", { code: 0, conclusion: undefined }),
    validate: () => note("validate", undefined),
    rollBack: () => note("rollBack", undefined),
    tell: ({ kind }) => note(`tell ${kind}`, undefined),
    say: () => undefined,
    complain: (text) => said.push(text),
    ...change,
  };
  return {
    all,
    calls,
    said,
    lose: (why: string) => {
      lose(why);
    },
  };
}

test("lock, look, ask, change, validate, unlock; start and success are told", async () => {
  const { all, calls, said } = parts();
  expect(await release(all)).toBe(0);
  expect(calls).toEqual([
    "lock",
    "preflight",
    "agree",
    "tell start",
    "silence",
    "update",
    "validate",
    "silence ends soon",
    "tell success",
    "unlock",
  ]);
  expect(said).toEqual([]);
});

test("a failed check ends it before anybody is asked", async () => {
  const checks = [{ name: "git tree", verdict: "FAILED" as const, what: "differs" }];
  const { all, calls } = parts({
    preflight: () => Promise.resolve({ checks, preview: { code: 0, events: [] } }),
  });
  expect(await release(all)).toBe(1);
  expect(calls).toEqual(["lock", "unlock"]);
});

test("what is not wanted is not done", async () => {
  const { all, calls } = parts({ agree: () => Promise.resolve(false) });
  expect(await release(all)).toBe(1);
  expect(calls).toEqual(["lock", "preflight", "unlock"]);
});

test("a failed update is not validated as if it stood; the old version goes back, and it still counts as failed", async () => {
  const { all, calls, said } = parts({
    update: () => Promise.resolve({ code: 255, conclusion: undefined }),
    rollBack: () => Promise.resolve({ version: 4, ok: true, seconds: 9 }),
  });
  expect(await release(all)).toBe(1);
  expect(calls).toEqual([
    "lock",
    "preflight",
    "agree",
    "tell start",
    "silence",
    "silence ends",
    "tell failure",
    "tell rollback",
    "unlock",
  ]);
  expect(said).toEqual([
    "The deployment failed.",
    "Version 4 is back and answers (9 s). The deployment failed all the same.",
  ]);
});

test("a deployment that does not work goes back too; a way back that fails is said", async () => {
  const { all, said } = parts({
    validate: () => Promise.resolve("gateway: status 502"),
    rollBack: () => Promise.resolve({ version: 4, ok: false, seconds: 9 }),
  });
  expect(await release(all)).toBe(1);
  expect(said).toEqual([
    "The deployment was made, and does not work: gateway: status 502",
    "Version 4 could not be put back: see above.",
  ]);
});

test("a lost lock interrupts the update, and nothing goes back without it", async () => {
  const { all, calls, said, lose } = parts({
    update: (abort) =>
      new Promise((resolve) => {
        abort.addEventListener("abort", () => {
          resolve({ code: 130, conclusion: undefined });
        });
        lose("its host is silent");
      }),
  });
  expect(await release(all)).toBe(1);
  expect(calls).toEqual([
    "lock",
    "preflight",
    "agree",
    "tell start",
    "silence",
    "silence ends",
    "tell failure",
    "unlock",
  ]);
  expect(said[0]).toContain("its host is silent");
});

test("a way back that cannot be gone is told, and is a failure like the first", async () => {
  const { all, calls, said } = parts({
    update: () => Promise.resolve({ code: 255, conclusion: undefined }),
    rollBack: () => Promise.reject(new Error("version 4 differed from its commit")),
  });
  expect(await release(all)).toBe(1);
  expect(said.at(-1)).toBe("The last good version was not put back: version 4 differed from its commit");
  expect(calls.at(-1)).toBe("unlock");
});

test("what was ended by hand stays as it is: nothing goes back", async () => {
  const { all, calls } = parts({
    update: () => Promise.resolve({ code: 255, conclusion: undefined, interrupted: true }),
  });
  expect(await release(all)).toBe(1);
  expect(calls).not.toContain("rollBack");
});

test("the silence ends and the lock is released after an error, which is passed on", async () => {
  const { all, calls } = parts({ update: () => Promise.reject(new Error("no pulumi")) });
  await expect(release(all)).rejects.toThrow("no pulumi");
  expect(calls.slice(-2)).toEqual(["silence ends", "unlock"]);
});
