import { Run, Sandbox } from "./sandbox";

let box: Sandbox;
const down = (change: Record<string, string> = {}): Run =>
  box.run(
    "swarm/scripts/removal.sh",
    { STACK: "test", SERVICE: "hypha-test-web", WORKLOAD: "", STOP_SECONDS: "10", ...change },
    "down",
  );
const calls = (verb: string) => box.calls().filter((call) => call.startsWith(`docker service ${verb}`));

/** What a manager answers; tasks are the lines of a file for each time that it is asked for them. */
function swarm(services: string, nodes: string, ...tasks: string[]): void {
  box.file("services", services).file("nodes", nodes);
  tasks.forEach((lines, n) => box.file(`tasks-${n + 1}`, lines));
  box.stub(
    "docker",
    `case "$*" in
       "service ls "*) cat ${box.root}/services ;;
       "node ls "*) cat ${box.root}/nodes ;;
       "service ps "*)
         asked=$(cat ${box.root}/asked 2>/dev/null || echo 1)
         echo $((asked < ${tasks.length} ? asked + 1 : asked)) >${box.root}/asked
         cat ${box.root}/tasks-$asked ;;
     esac`,
  );
}

beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => {
  box.remove();
});

test("a service is asked to end, and removed once its containers have ended", () => {
  swarm(
    "hypha-test-web\n",
    "n1 Ready\nn2 Ready\n",
    "n2 Running 3 minutes ago\n",
    "n2 Shutdown 1 second ago\n",
  );
  expect(down()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(box.calls().filter((call) => /^docker service (scale|ps|rm)/.test(call))).toEqual([
    "docker service scale --detach hypha-test-web=0",
    ...Array<string>(2).fill(
      "docker service ps --no-resolve --format {{.Node}} {{.CurrentState}} hypha-test-web",
    ),
    "docker service rm hypha-test-web",
  ]);
  expect(calls("ls")).toEqual([
    "docker service ls --filter label=hypha.stack=test --filter name=hypha-test-web --format {{.Name}}",
  ]);
});

test.each([
  ["ended", "n1 Complete 1 second ago\nn1 Failed 2 minutes ago\n"],
  ["never had a host", " Pending 1 minute ago\n"],
  ["are on a host that the swarm does not hear from", "n2 Running 2 hours ago\n"],
  ["are gone", ""],
])("nothing is waited for where all tasks %s", (_, tasks) => {
  swarm("hypha-test-web\n", "n1 Ready\nn2 Down\n", tasks, "n1 Running now\n");
  expect(down()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(calls("ps")).toHaveLength(1);
  expect(calls("rm")).toHaveLength(1);
});

test("one whose name only begins like it stays; what is gone is no failure", () => {
  swarm("hypha-test-web2\n", "n1 Ready\n", "");
  expect(down()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(calls("scale").concat(calls("rm"))).toEqual([]);
});

test("all sets of a workload go", () => {
  swarm("web-service-1\nweb-service-2\n", "n1 Ready\n", "");
  expect(down({ SERVICE: "", WORKLOAD: "web" }).code).toBe(0);
  expect(calls("ls")).toEqual([
    "docker service ls --filter label=hypha.stack=test --filter label=hypha.workload=web --format {{.Name}}",
  ]);
  expect(calls("scale")).toEqual(["docker service scale --detach web-service-1=0 web-service-2=0"]);
  expect(calls("rm")).toEqual(["docker service rm web-service-1 web-service-2"]);
});

test("one that does not end in time is removed all the same, and said", () => {
  swarm("hypha-test-web\n", "n1 Ready\n", "n1 Running 1 second ago\n");
  box.stub("sleep", "exec");
  expect(down({ STOP_SECONDS: "-19" })).toEqual({
    code: 0,
    stdout: "",
    stderr: "web1: not every container of hypha-test-web ended within 1 s\n",
  });
  expect(calls("rm")).toHaveLength(1);
});

test.each(["service ls", "service scale", "service rm"])("a failure of docker %s is one", (verb) => {
  swarm("hypha-test-web\n", "n1 Ready\n", "");
  box.stub("docker", `case "$*" in "${verb} "*) exit 1 ;; "service ls "*) echo hypha-test-web ;; esac`);
  expect(down().code).toBe(1);
});
