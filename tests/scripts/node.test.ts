import { facts, failure, Sandbox } from "./sandbox";

let box: Sandbox;
/**
 * Two engines, `unix:///host` and `unix:///first`, with nodes `id-host` and `id-first`: what `docker info` says of an
 * engine's swarm stands in `state-<engine>`, the labels of a node the manager knows in `labels-<id>`, its role in
 * `role-<id>`, what runs on a node in `tasks-<id>`.
 */
beforeEach(() => {
  box = new Sandbox();
  box.stub(
    "docker",
    `cd ${box.root}
     [[ $1 == --host ]] || exit 9
     at=\${2#unix:///}; shift 2; all="$*"
     case "$*" in
       "info --format {{.Swarm.NodeID}}") echo "id-$at" ;;
       info*) cat "state-$at" ;;
       "swarm init"*) echo "active true" >"state-$at"; echo manager >"role-id-$at"; echo "docker swarm join --token SWMTKN-1" ;;
       "swarm join-token --quiet "*) echo "SWMTKN-1-$4" ;;
       "system dial-stdio") cat >request; cat answer; [[ -e refused ]] || { echo "active false" >"state-$at"; echo worker >"role-id-$at"; } ;;
       "swarm leave --force") [[ ! -e gone ]] || exit 1; echo "inactive false" >"state-$at" ;;
       "node ls"*) name=\${all##*node.label=}; grep -lx "$name" labels-* 2>/dev/null | sed 's/labels-//' ;;
       "node ps"*) cat "tasks-$5" 2>/dev/null; rm -f "tasks-$5" ;;
       "node inspect"*)
         id="\${@: -1}"; [[ $id != self ]] || id="id-$at"
         [[ -e role-$id ]] || { echo "Error: No such node: $id" >&2; exit 1; }
         touch "labels-$id"
         case "$*" in
           *.Spec.Role*) cat "role-$id" ;;
           *range*) cut -d = -f 1 "labels-$id" ;;
           *'index .Spec.Labels'*) key=\${all#*Labels \\"}; sed -n "s/^\${key%%\\"*}=//p" "labels-$id" ;;
         esac ;;
       "node update --availability drain "*) ;;
       "node update"*)
         id="\${@: -1}"; touch "labels-$id"; shift 2
         while [[ $1 == --* ]]; do
           grep -v "^\${2%%=*}=" "labels-$id" >left; cat left >"labels-$id"
           [[ $1 != --label-add ]] || echo "$2" >>"labels-$id"
           shift 2
         done ;;
       "node promote "*) echo manager >"role-$3" ;;
       "node demote "*) echo worker >"role-$3" ;;
       "node rm --force "*) rm -f "role-$4" "labels-$4" ;;
       "volume ls"*) cat "volumes-$at" 2>/dev/null ;;
       *" ls -q" | "service ls --quiet"*) cat "in-use-$1" 2>/dev/null ;;
       *) echo "unexpected: $*" >&2; exit 9 ;;
     esac
     exit 0`,
  );
  box
    .file("answer", "HTTP/1.1 200 OK\r\n\r\n")
    .file("state-first", "active true\n")
    .file("role-id-first", "manager\n");
  box.file("labels-id-first", "hypha.test.host=m1\n").file("state-host", "inactive false\n");
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
    if (inUse !== undefined) box.file(`in-use-${inUse}`, "abc\n");
    expect(node(first, "down")).toMatchObject({ code: 0, stdout: "" });
    expect(box.read("state-host")).toBe(state);
    expect(labels()).toEqual(kept.trim().split("\n"));
    expect(node(first, "down")).toMatchObject({ code: 0 });
  });
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
    expect(called("first", "node").slice(-2)).toEqual([
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
