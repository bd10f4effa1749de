import { twoEngines } from "./nodeBox";
import { facts, failure, Sandbox } from "./sandbox";

let box: Sandbox;
beforeEach(() => {
  box = twoEngines();
});
afterEach(() => {
  box.remove();
});

const at = (engine: string) => `docker\n--host\nunix:///${engine}`;
const variables = {
  HOST_NAME: "web1",
  STACK: "test",
  FIRST: "no",
  NODE: at("host"),
  MANAGER: at("first"),
  ADDRESS: "10.0.0.2",
  MANAGER_ADDRESS: "10.0.0.1",
  JOIN_AS: "worker",
  LABEL_PREFIX: "hypha.test.",
  LABELS: "hypha.test.app=true hypha.test.host=web1",
  ABANDONED: "",
};
const node = (change: Partial<typeof variables> = {}, verb: "up" | "down" = "up") =>
  box.run("swarm/scripts/node.sh", { ...variables, ...change }, verb);
const called = (engine: string, prefix: string) =>
  box.calls().filter((call) => call.startsWith(`docker --host unix:///${engine} ${prefix}`));
const labels = (id = "id-host") => box.read(`labels-${id}`).trim().split("\n").sort();
const member = (own: string, role = "worker") =>
  box
    .file("state-host", `active ${String(role === "manager")}\n`)
    .file("role-id-host", `${role}\n`)
    .file("labels-id-host", own);
const own = "hypha.made=true\nhypha.test.app=true\nhypha.test.host=web1\n";

describe("the first manager", () => {
  const first = { FIRST: "yes", MANAGER: at("host"), JOIN_AS: "manager", ADDRESS: "192.0.2.10" };

  test("in no swarm starts one on its address, marks it as made here, and prints the node alone", () => {
    expect(node(first)).toEqual({
      code: 0,
      stdout: "id-host\n",
      stderr: "web1: starting a swarm on 192.0.2.10\n",
    });
    expect(called("host", "swarm")).toEqual([
      "docker --host unix:///host swarm init --advertise-addr 192.0.2.10",
    ]);
    expect(labels()).toEqual(own.trim().split("\n"));
  });

  test("keeps its swarm and others' labels, and gets this stack's; those it had before go", () => {
    member("someone=else\nhypha.other.app=true\nhypha.test.edge=true\n", "manager");
    expect(node(first)).toEqual({ code: 0, stdout: "id-host\n", stderr: "" });
    expect(called("host", "swarm")).toEqual([]);
    expect(labels()).toEqual([
      "hypha.other.app=true",
      "hypha.test.app=true",
      "hypha.test.host=web1",
      "someone=else",
    ]);
  });

  test.each([
    ["active false", "the engine is a worker of a swarm, and hypha:cluster.first names it to start one"],
    [
      "ControlSocket /x already exists, disabling multiplexing\nactive false",
      "the engine is a worker of a swarm, and hypha:cluster.first names it to start one",
    ],
    ["pending false", "the engine is in a swarm that does not answer (pending false)"],
    ["locked false", "the engine is in a swarm that does not answer (locked false)"],
    ["ssh: connection refused", "the Docker engine does not answer: ssh: connection refused"],
  ])("that says %s is refused, untouched", (text, reason) => {
    box.file("state-host", `${text}\n`);
    const { code, stdout, stderr } = node(first);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`web1: ${reason}\nweb1: what to do: `);
    expect([...called("host", "swarm"), ...called("host", "node")]).toEqual([]);
  });

  test.each([
    ["leaves a swarm that was made here and is empty", "hypha.made=true\n", undefined, "inactive false\n"],
    ["stays where something else runs", "hypha.made=true\n", "service", "active true\n"],
    ["stays where secrets of others are", "hypha.made=true\n", "secret", "active true\n"],
    ["stays in a swarm that was not made here", "someone=else\n", undefined, "active true\n"],
  ])("on its way out %s", (_, kept, inUse, state) => {
    member(`${kept}hypha.test.app=true\n`, "manager");
    if (inUse !== undefined) box.file(`others-${inUse}`, "abc\n");
    expect(node(first, "down")).toMatchObject({ code: 0, stdout: "" });
    expect(box.read("state-host")).toBe(state);
    expect(labels()).toEqual(kept.trim().split("\n"));
    expect(node(first, "down")).toMatchObject({ code: 0 });
  });
});

test("the first manager does not leave under a stack that goes on", () => {
  member(own, "manager").file("in-use-service", "abc\n");
  const first = { FIRST: "yes", MANAGER: at("host"), JOIN_AS: "manager" };
  expect(node(first, "down")).toMatchObject(
    failure(
      "it is the stack's first manager, and the stack goes on without it",
      "put it back under hypha:hosts, name another manager as hypha:cluster.first, run make up, and only then remove it",
    ),
  );
  expect(labels()).toEqual(own.trim().split("\n"));
});

describe("another host", () => {
  test("joins with a token that no argument holds, and gets its labels from the manager", () => {
    expect(node()).toEqual({ code: 0, stdout: "id-host\n", stderr: "web1: joining the swarm of 10.0.0.1\n" });
    expect(box.read("request")).toBe(
      "POST /swarm/join HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: 118\r\n" +
        "Connection: close\r\n\r\n" +
        '{"ListenAddr":"0.0.0.0:2377","AdvertiseAddr":"10.0.0.2","RemoteAddrs":["10.0.0.1:2377"],"JoinToken":"SWMTKN-1-worker"}',
    );
    expect(box.calls().join("\n")).not.toContain("SWMTKN");
    expect(labels()).toEqual(own.trim().split("\n"));
    expect(called("first", "node promote")).toEqual([]);
  });

  test("over IPv6 listens there", () => {
    box.file("version-host", "29.0.1\n").file("version-first", "29.0.1\n");
    node({ ADDRESS: "2001:db8::2", MANAGER_ADDRESS: "2001:db8::1", JOIN_AS: "manager" });
    expect(box.read("request")).toContain(
      '{"ListenAddr":"[::]:2377","AdvertiseAddr":"2001:db8::2","RemoteAddrs":["[2001:db8::1]:2377"],"JoinToken":"SWMTKN-1-manager"}',
    );
  });

  test("that could not join says what the engine said and which ports it takes", () => {
    box
      .file("answer", 'HTTP/1.1 503 Service Unavailable\r\n\r\n{"message":"Timeout was reached"}\n')
      .file("refused", "");
    const { code, stderr } = node();
    expect(code).toBe(1);
    expect(stderr).toContain('could not join the swarm at 10.0.0.1:2377: {"message":"Timeout was reached"}');
    expect(stderr).toContain("are ports 2377, 4789 and 7946 open");
  });

  test.each([
    ["manager", "promote"],
    ["worker", "demote"],
  ] as const)("that is to be a %s is %sd", (role, verb) => {
    member(own, role === "manager" ? "worker" : "manager");
    expect(node({ JOIN_AS: role })).toMatchObject({ code: 0 });
    expect(called("first", `node ${verb}`)).toEqual([`docker --host unix:///first node ${verb} id-host`]);
    expect(called("host", "system")).toEqual([]);
    expect(node({ JOIN_AS: role })).toMatchObject({ code: 0 });
    expect(called("first", `node ${verb}`)).toHaveLength(1);
  });

  test("that was a manager is waited for until the quorum is without it, before anything else is done to it", () => {
    member(own, "manager").file("quorum-id-host", "\n\n");
    expect(node()).toMatchObject({ code: 0 });
    expect(box.read("quorum-id-host")).toBe("");
    member(own, "manager").file("quorum-id-host", "\n\n\n");
    expect(node({}, "down")).toMatchObject({ code: 0 });
    expect(box.read("quorum-id-host")).toBe("");
    expect(
      box
        .calls()
        .filter((call) => /demote|leave|ManagerStatus/.test(call))
        .slice(-6),
    ).toEqual([
      expect.stringContaining("ManagerStatus"),
      "docker --host unix:///first node demote id-host",
      expect.stringContaining("ManagerStatus"),
      expect.stringContaining("ManagerStatus"),
      expect.stringContaining("ManagerStatus"),
      "docker --host unix:///host swarm leave --force",
    ]);
  });

  test("is asked again for a change that met another one, or no leader; any other refusal ends it", () => {
    const passing = "update out of sequence\nThe swarm does not have a leader\n";
    member(own, "manager").file("refusal", `Error: ${passing}`);
    expect(node({}, "down")).toMatchObject({ code: 0, stderr: "web1: draining the node\n" });
    expect(box.read("refusal")).toBe("");
    member(own, "manager").file("refusal", "Error: can't remove member\n");
    expect(node({}, "down")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("web1: docker node update: Error: can't remove member\n") as string,
    });
  });

  test.each([
    ["host", "the engine is 20.10.24+dfsg1"],
    ["first", "the first manager's engine is 20.10.24+dfsg1"],
  ])("does not join over IPv6 where the engine of %s is too old for it", (which, what) => {
    box.file("version-host", "26.1.5+dfsg1\n").file("version-first", "25.0.0\n");
    const ipv6 = { ADDRESS: "2001:db8::2", MANAGER_ADDRESS: "2001:db8::1" };
    expect(node(ipv6)).toMatchObject({ code: 0 });
    box.file("state-host", "inactive false\n").file(`version-${which}`, "20.10.24+dfsg1\n");
    const { code, stderr } = node(ipv6);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `web1: ${what}, and services reach each other over IPv6 addresses (2001:db8::2) from 25.0 on\nweb1: what to do: `,
    );
    expect(called("host", "system")).toHaveLength(1);
    expect(node()).toMatchObject({ code: 0 });
  });

  test("that is in another swarm is refused, untouched", () => {
    box.file("state-host", "active true\n");
    expect(node()).toMatchObject(
      failure(
        "the engine is in a swarm that is not the stack's",
        "take it out (docker swarm leave), or name one of that swarm's managers as hypha:cluster.first",
      ),
    );
    expect(called("host", "s")).toEqual([]);
  });

  test("on its way out is drained, leaves and is forgotten; twice without harm", () => {
    member(own, "manager").file("tasks-id-host", "Running 3 minutes ago\n");
    expect(node({}, "down")).toMatchObject({ code: 0, stdout: "", stderr: "web1: draining the node\n" });
    expect(box.read("state-host")).toBe("inactive false\n");
    expect(called("first", "node ps")).toHaveLength(2);
    expect(called("first", "node").filter((call) => / (demote|rm) /.test(call))).toEqual([
      "docker --host unix:///first node demote id-host",
      "docker --host unix:///first node rm --force id-host",
    ]);
    expect(node({}, "down")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("that no longer answers is forgotten all the same", () => {
    member(own).file("gone", "");
    expect(node({}, "down")).toMatchObject({
      code: 0,
      stderr:
        "web1: draining the node\nweb1: it does not answer: its engine still believes to be in the swarm\n",
    });
    expect(called("first", "node rm")).toEqual(["docker --host unix:///first node rm --force id-host"]);
  });

  test("that was in the swarm before Hypha stays in it, without the stack's labels", () => {
    member("someone=else\nhypha.test.app=true\nhypha.test.host=web1\n");
    expect(node({}, "down")).toMatchObject({ code: 0, stderr: "" });
    expect(labels()).toEqual(["someone=else"]);
    expect(box.read("state-host")).toBe("active false\n");
  });
});

describe("data", () => {
  const data = "hypha.test.data=true hypha.test.host=web1";
  const lost = (host: string, which = "") =>
    failure(
      `the data of stack test are on host ${host}${which}, and on no other`,
      `leave the role data there; or give them up: add ${host} to hypha:cluster.abandonDataOn`,
    );
  const volumes = " (volumes hypha-test-postgres-data)";

  test("do not follow their role to another host", () => {
    box.file("labels-id-first", "hypha.test.data=true\nhypha.test.host=m1\n");
    expect(node({ LABELS: data })).toMatchObject(lost("m1"));
    expect(labels()).not.toContain("hypha.test.data=true");
    expect(node({ LABELS: data, ABANDONED: "m1" })).toMatchObject({ code: 0 });
    expect(labels()).toContain("hypha.test.data=true");
  });

  test("keep their role on the host that has them", () => {
    member("hypha.test.data=true\nhypha.test.host=web1\n").file("volumes-host", "hypha-test-postgres-data\n");
    expect(node({ LABELS: data })).toMatchObject({ code: 0 });
    expect(node()).toMatchObject(lost("web1", volumes));
    expect(labels()).toContain("hypha.test.data=true");
    expect(node({ ABANDONED: "web1" })).toMatchObject({ code: 0 });
    expect(labels()).not.toContain("hypha.test.data=true");
  });

  test("keep their host while the stack is there, and not when all of it goes", () => {
    member(`${own}hypha.test.data=true\n`)
      .file("volumes-host", "hypha-test-postgres-data\n")
      .file("in-use-service", "abc\n");
    expect(node({}, "down")).toMatchObject(lost("web1", volumes));
    expect(called("first", "node update")).toEqual([]);
    box.file("in-use-service", "");
    expect(node({}, "down")).toMatchObject({ code: 0 });
  });
});

test.each([
  ["worker", "active false"],
  ["manager", "active true"],
])("check, on a %s itself, looks whether it is one, and changes nothing", (role, state) => {
  const check = () => facts(box.run("swarm/scripts/node.sh", { ...variables, JOIN_AS: role }, "check"));
  box.file("state-host", `${state}\n`);
  expect(check()).toEqual({ [`swarm ${role}`]: "ok" });
  box.file("state-host", "inactive false\n");
  expect(check()).toEqual({ [`swarm ${role}`]: `-inactive false\n+${state}\n` });
  // From elsewhere the host is reached by SSH; there its own docker answers.
  box.stub("docker", `[[ $1 == info ]] && echo "${state}"`).stub("ssh", "exit 255");
  const there = { ...variables, JOIN_AS: role, NODE: "ssh\nroot@192.0.2.10\n--\ndocker" };
  expect(facts(box.run("swarm/scripts/node.sh", there, "check"))).toEqual({ [`swarm ${role}`]: "ok" });
  expect(box.calls().filter((call) => !/^docker (--host \S+ )?info /.test(call))).toEqual([]);
});
