import { spawnSync } from "child_process";
import { formatNodes, isSound, parseNodeStatus } from "../../ops/lib/nodes";
import { manager, stackHosts } from "../../ops/lib/stack";

jest.mock("child_process", () => ({ ...jest.requireActual<object>("child_process"), spawnSync: jest.fn() }));

const said: Readonly<Record<string, string>> = { b1: "false\n", c1: "true\n" };
const warnings: string[] = [];

/** `ssh` as hosts answer it: a1 is down, b1 is a worker, c1 manages. */
beforeEach(() => {
  warnings.length = 0;
  jest.spyOn(console, "error").mockImplementation((text: string) => warnings.push(text));
  jest.mocked(spawnSync).mockImplementation(((_: string, words: string[]) => {
    const stdout = said[/@(\w+)/.exec(words.join(" "))?.[1] ?? ""];
    return stdout === undefined
      ? { status: 255, signal: null, stdout: "", stderr: "ssh: connect to host: timed out\n" }
      : { status: 0, signal: null, stdout, stderr: "" };
  }) as unknown as typeof spawnSync);
});
afterAll(() => {
  jest.restoreAllMocks();
});

const outputs = (...names: [string, string[]?][]) => ({
  hosts: Object.fromEntries(
    names.map(([name, roles]) => [
      name,
      { dockerHost: `ssh://muser@${name}:22`, sshArgs: ["-o", "BatchMode=yes"], ...(roles && { roles }) },
    ]),
  ),
});

test("managers are asked first; one that is down is told and passed over", () => {
  const hosts = stackHosts("dev", outputs(["b1", ["app"]], ["a1", ["manager"]], ["c1", ["manager", "data"]]));
  expect(hosts.map(({ name }) => name)).toEqual(["a1", "c1", "b1"]);
  expect(manager(hosts).name).toBe("c1");
  expect(warnings).toEqual([expect.stringMatching(/^warning: host a1 .*timed out$/)]);
});

test("a state that knows no roles has them all asked", () => {
  expect(manager(stackHosts("dev", outputs(["b1"], ["c1"]))).name).toBe("c1");
  expect(warnings).toEqual([]);
});

test("where none is left the error says who was asked and who did not answer", () => {
  expect(() => manager(stackHosts("dev", outputs(["b1"], ["a1"])))).toThrow(
    /^none of b1, a1 manages a swarm, as far as they answer: host a1 .*timed out$/,
  );
  expect(() => manager(stackHosts("dev", outputs(["b1"])))).toThrow(/bring the stack up again/);
});

test("a node that is down, drained or not reached by the other managers is not as wanted", () => {
  const nodes = parseNodeStatus(
    "db ready active leader\nweb down active \napp1 ready drain \nm2 ready active unreachable\n ready active \n",
  );
  expect(nodes.map(isSound)).toEqual([false, true, false, false]);
  expect(formatNodes(nodes).split("\n")).toEqual([
    "NODE  STATE         MANAGER",
    "app1  ready, drain               NOT AS WANTED",
    "db    ready         leader       ok",
    "m2    ready         unreachable  NOT AS WANTED",
    "web   down                       NOT AS WANTED",
  ]);
});
