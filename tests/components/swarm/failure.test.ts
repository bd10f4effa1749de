import * as fc from "fast-check";
import type { CommandResult } from "../../../components/host/dockerCommand";
import { dockerCommand, hostCommand } from "../../../components/host/dockerCommand";
import { failedTask, renderEvidence } from "../../../components/swarm/diagnosis";
import { onServiceError } from "../../../components/swarm/failure";
import type { RegisteredHook } from "../fixtures";
import { cluster, run } from "../fixtures";

jest.mock("../../../components/host/dockerCommand");
const docker = jest.mocked(dockerCommand);
const host = jest.mocked(hostCommand);

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
  [
    "one that ended in order, which no task of a service does",
    rows(
      task({ ID: "put back", CurrentState: "Shutdown 2 seconds ago" }),
      task({ CurrentState: "Complete 3 seconds ago" }),
    ),
    "t1",
  ],
  ["a state without an error", rows(task({ CurrentState: "Rejected 1 second ago" })), "t1"],
  [
    "two that failed: the newest",
    rows(task({ ID: "new", CurrentState: "Failed 1s" }), task({ Error: "old" })),
    "new",
  ],
  [
    "one that hangs, after one that failed long ago",
    rows(
      task({ ID: "new", DesiredState: "Running", CurrentState: "Starting 20 seconds ago" }),
      task({ CurrentState: "Failed 2 hours ago", Error: "old" }),
    ),
    "new",
  ],
  [
    "one that failed just now, beside one that starts again",
    rows(
      task({ ID: "next", DesiredState: "Ready", CurrentState: "Ready 1 second ago" }),
      task({ CurrentState: "Failed 2 seconds ago", Error: "e" }),
    ),
    "t1",
  ],
  ["noise around the rows", `Warning: x\n${rows(task({ Error: "e" }))}\nbye\n`, "t1"],
])("in %s", (_, lines, id) => {
  expect(failedTask(lines)?.id).toBe(id);
});

test("a broken row is passed over, and the good one behind it found", () => {
  expect(failedTask(`{"ID":"cut off\n{}\n{not json}\n${rows(task({ Error: "e" }))}`)?.id).toBe("t1");
});

test("the one that the error names goes before any other; one that ended badly before one that waits for its port", () => {
  const waits = task({
    ID: "waits",
    CurrentState: "Pending 1 minute ago",
    Error: "host-mode port already in use",
  });
  const tasks = rows(waits, task({ CurrentState: "Failed 2 minutes ago", Error: "e" }), task({ ID: "t3" }));
  expect(failedTask(tasks)?.id).toBe("t1");
  expect(failedTask(tasks, "rolled back due to failure or early termination of task t3")?.id).toBe("t3");
  expect(failedTask(rows(waits))?.id).toBe("waits");
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

/** What the hook of a failed service shows, where docker and the host answer by what they are asked. */
async function shown(
  operation: string,
  answers: Record<string, string>,
  journal: CommandResult = { output: "", code: 1 },
  errors: string[] = [],
): Promise<{ text: string; again: boolean }> {
  const error = jest.spyOn(console, "error").mockImplementation(() => undefined);
  const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  docker.mockReset();
  host.mockReset();
  docker.mockImplementation((_, args) => {
    const asked = Object.keys(answers).find((start) => args.join(" ").startsWith(start));
    return Promise.resolve({ output: answers[asked ?? ""] ?? "", code: asked === undefined ? 1 : 0 });
  });
  host.mockResolvedValue(journal);
  try {
    const { result: again } = await run(() =>
      (onServiceError(cluster(), "hypha-test-web", 45) as unknown as RegisteredHook).callback({
        failedOperation: operation,
        errors,
      }),
    );
    return { text: [...warn.mock.calls, ...error.mock.calls].flat().join("\n"), again };
  } finally {
    error.mockRestore();
    warn.mockRestore();
  }
}

test("a failure is shown with the task's state, its health checks, its last lines and the host's journal, and never tried again", async () => {
  const failed = task({ CurrentState: "Failed 3 seconds ago", Error: "unhealthy container" });
  const state = { OOMKilled: false, Health: { Log: [{ ExitCode: 1, Output: "refused\n" }] } };
  const { text, again } = await shown(
    "update",
    {
      "service ps": rows(failed),
      "service logs": "line 1\nline 2\n",
      "inspect --type task": "n1 c1\n",
      "node inspect": "local\n",
      "inspect --format": JSON.stringify(state),
    },
    { output: "fatal task error\n", code: 0 },
  );
  expect(text).toContain(
    "hypha-test-web on local: web.1 Failed 3 seconds ago: unhealthy container\nlast health checks:\nexit code 1: refused\n" +
      "last log lines:\nline 1\nline 2\nthe host's journal:\nfatal task error",
  );
  expect(again).toBe(false);
  const local = { kind: "local", socket: "/run/test.sock" };
  expect(docker.mock.calls).toEqual(
    expect.arrayContaining([
      [local, ["service", "ps", "--no-trunc", "--format", "{{json .}}", "hypha-test-web"]],
      [local, ["service", "logs", "--raw", "--tail", "20", "t1"]],
      [local, ["node", "inspect", "--format", '{{index .Spec.Labels "hypha.test.host"}}', "n1"]],
      [local, ["inspect", "--format", "{{json .State}}", "c1"]],
    ]),
  );
  expect(host.mock.calls[0]?.[1]).toContain("--grep=t1|c1|oom-kill|Out of memory|no space left");
});

test("a task that never started has no container, and no failed task is said to be so", async () => {
  const pending = task({ CurrentState: "Pending 1 minute ago", Error: "no suitable node" });
  const silent = await shown("update", {
    "service ps": rows(pending),
    "service logs": " \n",
    "inspect --type task": " \n",
  });
  expect(silent.text).toContain(
    "web.1 Pending 1 minute ago: no suitable node\nlast log lines:\n(it logged nothing)",
  );
  expect(silent.text).not.toContain("journal");
  expect(docker.mock.calls.map(([, [verb]]) => verb)).not.toContain("node");
  const none = await shown("update", { "service ps": "" });
  expect(none.text).toContain("hypha-test-web on local: no failed task is left to show");
  expect(none.again).toBe(false);
});

test("of a service that never came up nothing is left, and its provider has shown the log", async () => {
  expect(await shown("create", { "service ps": "" })).toEqual({ text: "", again: false });
});

describe("one that is there although the state does not have it", () => {
  const error =
    "1 error occurred:\n\t* Error response from daemon: rpc error: code = AlreadyExists desc = name conflicts with an " +
    "existing object: service hypha-test-web already exists\n";
  const gone = { output: "", code: 0 };

  test("is removed, and made anew", async () => {
    const { text: said, again } = await shown("create", {}, gone, [error]);
    expect(said).toMatch(/hypha-test-web is there, left by a run that was cut off: .* made anew$/);
    expect(again).toBe(true);
    const [channel, words = [], seconds] = host.mock.calls[0] ?? [];
    const [program, option, text, ...args] = words;
    expect([channel, program, option, args, seconds]).toEqual([
      { kind: "local", socket: "/run/test.sock" },
      ...["bash", "-c", ["bash", "down"], 105],
    ]);
    expect(text).toContain("export SERVICE='hypha-test-web'\nexport WORKLOAD=''\nexport STOP_SECONDS='45'\n");
  });

  test("is said to be in the way where it cannot be removed", async () => {
    const { text, again } = await shown("create", {}, { output: "no such host\n", code: 255 }, [error]);
    expect(again).toBe(false);
    expect(text).toContain("hypha-test-web on local cannot be removed: no such host");
  });

  test.each([
    ["a second time", "create", [error, error]],
    ["an update", "update", [error]],
    ["another failure", "create", ["did not converge"]],
  ])("is left alone for %s", async (_, operation, errors) => {
    expect((await shown(operation, {}, gone, errors)).again).toBe(false);
    expect(host).not.toHaveBeenCalled();
  });
});

const evidence = (change: object) =>
  renderEvidence({
    ...{ service: "web", host: "web1", logs: "", journal: "", state: "" },
    task: { id: "t1", name: "web.1", node: "n", state: "Complete 1 second ago", wanted: false, error: "" },
    ...change,
  });

test("a task that is called complete was stopped for its health, or ended by itself", () => {
  const state = JSON.stringify({ Health: { Log: [{ ExitCode: 1, Output: "" }] } });
  expect(evidence({ state })).toContain("web.1 Complete 1 second ago: stopped, as its health checks failed");
  // The check that was under way is killed with its container.
  const cut = JSON.stringify({ Health: { Log: [{ ExitCode: 0 }, { ExitCode: 137, Output: "" }] } });
  for (const change of [{}, { state: cut }]) {
    expect(evidence(change)).toContain("web.1 Complete 1 second ago: it ended by itself");
  }
});

test("of the engine's lines what says something is shown, as message and error", () => {
  const line = (message: string, error: string) =>
    `time="2026" level=error msg="${message}" error="${error}" module=node`;
  const journal = [
    line("pulling image failed", "no such host"),
    line("fatal task error", 'task: \\"x\\" failed'),
    "Out of memory: Killed process 9",
  ].join("\n");
  expect(evidence({ journal }).split("\n").slice(-3)).toEqual([
    "the host's journal:",
    'fatal task error: task: "x" failed',
    "Out of memory: Killed process 9",
  ]);
});

test("of a container the last failed checks are shown, and that it was killed for its memory; long lines are cut", () => {
  const Log = [0, 1, 2, 3].map((ExitCode) => ({
    ExitCode,
    Output: ExitCode === 3 ? "" : `check ${ExitCode}`,
  }));
  const text = renderEvidence({
    ...{ service: "web", host: "web1", logs: `${"x".repeat(1000)}\n`, journal: "" },
    task: {
      id: "t1",
      name: "web.1",
      node: "n",
      state: "Failed 1 second ago",
      wanted: false,
      error: "exit (137)",
    },
    state: JSON.stringify({ OOMKilled: true, Health: { Log } }),
  });
  expect(text.split("\n")).toEqual([
    "web on web1: web.1 Failed 1 second ago: exit (137) (OOMKilled: it used more memory than its limit)",
    ...["last health checks:", "exit code 2: check 2", "exit code 3: (it said nothing)"],
    ...["last log lines:", "x".repeat(300)],
  ]);
});
