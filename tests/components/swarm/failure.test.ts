import * as fc from "fast-check";
import type { CommandResult } from "../../../components/host/dockerCommand";
import { dockerCommand } from "../../../components/host/dockerCommand";
import { explainFailure, failedTask } from "../../../components/swarm/failure";
import type { RegisteredHook } from "../fixtures";
import { localEngine, run } from "../fixtures";

jest.mock("../../../components/host/dockerCommand");
const docker = jest.mocked(dockerCommand);

const task = (change: Record<string, string> = {}) => ({
  ID: "t1",
  Name: "web.1",
  DesiredState: "Shutdown",
  CurrentState: "Running 2 minutes ago",
  Error: "",
  ...change,
});
const rows = (...tasks: Record<string, string>[]) => tasks.map((one) => JSON.stringify(one)).join("\n");

test.each([
  ["nothing", "", undefined],
  ["only good tasks", rows(task(), task({ ID: "t2" })), undefined],
  ["an error", rows(task(), task({ ID: "t2", Error: "task: non-zero exit (1)" })), "t2"],
  ["a state without an error", rows(task({ CurrentState: "Rejected 1 second ago" })), "t1"],
  [
    "two that failed: the newest",
    rows(task({ ID: "new", CurrentState: "Failed 1s" }), task({ Error: "old" })),
    "new",
  ],
  ["noise around the rows", `Warning: x\n${rows(task({ Error: "e" }))}\nbye\n`, "t1"],
])("in %s", (_, lines, id) => {
  expect(failedTask(lines)?.id).toBe(id);
});

test("a broken row is passed over, and the good one behind it found", () => {
  expect(failedTask(`{"ID":"cut off\n{}\n{not json}\n${rows(task({ Error: "e" }))}`)?.id).toBe("t1");
});

test("no garbage makes it throw", () => {
  const line = fc.oneof(
    fc.string().map((text) => `{${text}`),
    fc.json(),
    fc.object().map((value) => JSON.stringify(value)),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      expect(() => failedTask(lines.join("\n"))).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

/** What the hook of a failed service shows, where docker answers with `answers` in turn. */
async function shown(
  operation: string,
  ...answers: CommandResult[]
): Promise<{ text: string; again: boolean }> {
  const error = jest.spyOn(console, "error").mockImplementation(() => undefined);
  docker.mockReset();
  answers.forEach((answer) => docker.mockResolvedValueOnce(answer));
  try {
    const { result: again } = await run(() =>
      (explainFailure(localEngine(), "hypha-test-web") as unknown as RegisteredHook).callback({
        failedOperation: operation,
      }),
    );
    return { text: error.mock.calls.flat().join("\n"), again };
  } finally {
    error.mockRestore();
  }
}

test("a failure is shown with the task's state, error and last log lines, and never tried again", async () => {
  const failed = task({ CurrentState: "Failed 3 seconds ago", Error: "unhealthy container" });
  const { text, again } = await shown(
    "update",
    { output: rows(failed), code: 0 },
    { output: "line 1\nline 2\n", code: 0 },
  );
  expect(text).toContain(
    "hypha-test-web on local: web.1 Failed 3 seconds ago: unhealthy container\nlast log lines:\nline 1\nline 2",
  );
  expect(again).toBe(false);
  expect(docker.mock.calls).toEqual([
    [
      { kind: "local", socket: "/run/test.sock" },
      ["service", "ps", "--no-trunc", "--format", "{{json .}}", "hypha-test-web"],
    ],
    [{ kind: "local", socket: "/run/test.sock" }, ["service", "logs", "--raw", "--tail", "20", "t1"]],
  ]);
});

test("a task that logged nothing, and no failed task, are said to be so", async () => {
  const silent = await shown(
    "update",
    { output: rows(task({ Error: "e" })), code: 0 },
    { output: " \n", code: 0 },
  );
  expect(silent.text).toContain("last log lines:\n(it logged nothing)");
  const none = await shown("update", { output: "", code: 0 });
  expect(none.text).toContain("hypha-test-web on local: no failed task is left to show");
  expect(none.again).toBe(false);
});

test("of a service that never came up nothing is left, and its provider has shown the log", async () => {
  expect(await shown("create", { output: "", code: 0 })).toEqual({ text: "", again: false });
});
