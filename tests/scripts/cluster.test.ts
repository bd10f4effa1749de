import { failure, Sandbox } from "./sandbox";

let box: Sandbox;
/** An engine: what `docker info` says of its swarm, the node's labels, and what runs in the swarm. */
beforeEach(() => {
  box = new Sandbox();
  box.stub(
    "docker",
    `cd ${box.root}
     case "$*" in
       *NodeID*) echo node1 ;;
       info*) cat state ;;
       "swarm init"*) echo "active true" >state; echo "Swarm initialized: docker swarm join --token SWMTKN-1" ;;
       "swarm leave --force") echo "inactive false" >state; echo "Node left the swarm." ;;
       "node update"*)
         [[ "\${@: -1}" == node1 ]] || { echo "Error: No such node: \${@: -1}" >&2; exit 1; }
         shift 2
         while [[ $1 == --* ]]; do
           if [[ $1 == --label-add ]]; then echo "$2" >>labels; else
             grep -q "^$2=" labels || { echo "key $2 doesn't exist" >&2; exit 1; }
             grep -v "^$2=" labels >left; cat left >labels
           fi
           shift 2
         done
         echo node1 ;;
       *hypha.made*) sed -n 's/^hypha.made=//p' labels ;;
       *" ls -q") cat "in-use-$1" 2>/dev/null; exit 0 ;;
       *) echo "unexpected: $*" >&2; exit 9 ;;
     esac`,
  );
});
afterEach(() => {
  box.remove();
});

const cluster = (verb: "up" | "down" = "up") =>
  box.run(
    "swarm/scripts/cluster.sh",
    { ADVERTISE_ADDRESS: "192.0.2.10", NODE_LABELS: "hypha.test.app=true hypha.test.data=true" },
    verb,
  );
const state = (text: string, labels = "") => box.file("state", `${text}\n`).file("labels", labels);
const called = (prefix: string) => box.calls().filter((call) => call.startsWith(`docker ${prefix}`));
const own = "hypha.test.app=true\nhypha.test.data=true\n";

test("an engine in no swarm starts one on its address, marks it as made here, and prints the node alone", () => {
  state("inactive false");
  expect(cluster()).toEqual({ code: 0, stdout: "node1\n", stderr: "web1: starting a swarm on 192.0.2.10\n" });
  expect(called("swarm")).toEqual(["docker swarm init --advertise-addr 192.0.2.10"]);
  expect(box.read("labels")).toBe(`hypha.made=true\n${own}`);
});

test("a manager keeps its swarm and its labels, and gets this stack's", () => {
  state("active true", "someone=else\n");
  expect(cluster()).toEqual({ code: 0, stdout: "node1\n", stderr: "" });
  expect(called("swarm")).toEqual([]);
  expect(box.read("labels")).toBe(`someone=else\n${own}`);
});

test.each(["active false", "pending false", "locked false", "error false"])(
  "%s is refused, untouched",
  (text) => {
    state(text);
    expect(cluster()).toMatchObject(
      failure(
        `the engine is in a swarm it does not manage (${text})`,
        "leave it (docker swarm leave), or name a manager under hypha:hosts",
      ),
    );
    expect([...called("swarm"), ...called("node")]).toEqual([]);
  },
);

test("a swarm that does not start fails with the engine's words", () => {
  state("inactive false");
  box.stub(
    "docker",
    `[[ $1 == info ]] && cat ${box.root}/state || { echo 'could not choose an IP' >&2; exit 1; }`,
  );
  const { code, stdout, stderr } = cluster();
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("could not choose an IP");
});

describe("down", () => {
  test("leaves a swarm that was made here and is empty", () => {
    state("active true", `hypha.made=true\n${own}`);
    expect(cluster("down")).toMatchObject({ code: 0, stdout: "" });
    expect(called("swarm")).toEqual(["docker swarm leave --force"]);
  });

  test.each(["service", "secret", "config"])(
    "stays in a swarm that still has a %s, and takes its labels off",
    (kind) => {
      state("active true", `hypha.made=true\n${own}`);
      box.file(`in-use-${kind}`, "abc\n");
      expect(cluster("down")).toMatchObject({
        code: 0,
        stderr: "web1: the swarm stays: other services use it\n",
      });
      expect(called("swarm")).toEqual([]);
      expect(box.read("labels")).toBe("hypha.made=true\n");
    },
  );

  test("stays in a swarm that was not made here", () => {
    state("active true", `someone=else\n${own}`);
    expect(cluster("down")).toMatchObject({ code: 0 });
    expect(called("swarm")).toEqual([]);
    expect(box.read("labels")).toBe("someone=else\n");
  });

  test.each(["inactive false", "active false"])("does nothing where the engine is %s", (text) => {
    state(text);
    expect(cluster("down")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect([...called("swarm"), ...called("node")]).toEqual([]);
  });

  test("is done twice without harm", () => {
    state("active true", `hypha.made=true\n${own}`);
    cluster("down");
    expect(cluster("down")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
