import { failure, Sandbox } from "./sandbox";

let box: Sandbox;
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => {
  box.remove();
});

test("fail names the host, what is wrong and what to do, on standard error, and ends the script", () => {
  expect(box.bash('fail "has no x" "get y"\necho unreached')).toEqual({
    code: 1,
    stdout: "",
    stderr: "web1: has no x\nweb1: what to do: get y\n",
  });
});

test("a script stops at its first error and at a variable that is not set", () => {
  expect(box.bash("false\necho unreached")).toMatchObject({ code: 1, stdout: "" });
  expect(box.bash("false | true\necho unreached")).toMatchObject({ code: 1, stdout: "" });
  expect(box.bash('echo "${NOT_SET}"\necho unreached')).toMatchObject({ code: 1, stdout: "" });
});

test("retry waits 2, 4, 8, 16, 30, 30 s and then gives up", () => {
  box.stub("flaky", "exit 1");
  const { code, stderr } = box.bash("retry 7 flaky a b");
  expect(code).toBe(1);
  expect(box.calls().filter((call) => call.startsWith("sleep"))).toEqual(
    [2, 4, 8, 16, 30, 30].map((pause) => `sleep ${pause}`),
  );
  expect(box.calls().filter((call) => call === "flaky a b")).toHaveLength(7);
  expect(stderr).toContain("web1: try 1 of 7 failed, again in 2 s: flaky a b\n");
  expect(stderr).toContain("web1: gave up after 7 tries: flaky a b\n");
});

test("retry begins nothing anew once ten minutes are over", () => {
  const { code, stderr } = box.bash("slow() { SECONDS=$((SECONDS + 299)); false; }; retry 9 slow");
  expect(code).toBe(1);
  expect(stderr).toContain("web1: gave up after 2 tries: slow\n");
});

test("retry stops at the first success, silently where that is the first try", () => {
  box.stub("flaky", "((N >= 3))");
  expect(box.bash("retry 5 flaky")).toMatchObject({ code: 0 });
  expect(box.calls()).toEqual(["flaky", "sleep 2", "flaky", "sleep 4", "flaky"]);
  expect(box.bash("retry 5 flaky")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("wait_for polls until the command succeeds, and gives up after its seconds", () => {
  box.stub("ready", "((N >= 4))");
  expect(box.bash("wait_for 60 ready")).toMatchObject({ code: 0, stderr: "" });
  expect(box.calls()).toEqual(["ready", "sleep 0.5", "ready", "sleep 0.5", "ready", "sleep 0.5", "ready"]);
  box.stub("never", "exit 1");
  expect(box.bash("wait_for 0 never")).toMatchObject({ code: 1 });
});

test.each([
  ["plain", '"plain"'],
  ['a "quoted" word', '"a \\"quoted\\" word"'],
  ["back\\slash", '"back\\\\slash"'],
  ["", '""'],
])("json_string of %j", (text, expected) => {
  const { stdout } = box.bash('json_string "${TEXT}"', { TEXT: text });
  expect(stdout).toBe(expected);
  expect(JSON.parse(stdout)).toBe(text);
});

describe("require_ports_free", () => {
  const held = (by: string) =>
    box
      .stub("ss", `[[ $* == *:80 ]] && echo 'LISTEN 0 511 *:80 *:*${by}'; exit 0`)
      .bash("require_ports_free", {
        PORTS: "443 80",
      });

  test.each([
    ["nginx", ' users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))', "nginx"],
    ["a process it may not see", "", "another process"],
  ])("refuses a port held by %s", (_, users, holder) => {
    expect(held(users)).toMatchObject(
      failure(`port 80 is in use by ${holder}`, "stop it, or set another port under hypha:edge.ports"),
    );
  });

  test.each(["docker-proxy", "dockerd"])("accepts one held by %s", (holder) => {
    expect(held(` users:(("${holder}",pid=7,fd=6))`)).toMatchObject({ code: 0, stderr: "" });
  });

  test("accepts free ports, none to look at, and a host without ss", () => {
    box.stub("ss");
    expect(box.bash("require_ports_free", { PORTS: "80 443" })).toMatchObject({ code: 0 });
    expect(box.bash("require_ports_free")).toMatchObject({ code: 0 });
    const bare = new Sandbox();
    expect(bare.bash("require_ports_free", { PORTS: "80" })).toMatchObject({ code: 0 });
    bare.remove();
  });
});

test("disk_free_mib looks at the nearest directory that exists", () => {
  box.directory("srv").stub("df", "printf 'Filesystem 1M Used Available\\n/dev/x 9 1 4711 1%% /\\n'");
  expect(box.bash(`disk_free_mib ${box.root}/srv/not/yet`)).toMatchObject({ code: 0, stdout: "4711\n" });
  expect(box.calls()).toEqual([`df -Pm ${box.root}/srv`]);
});
