import { facts, Run, Sandbox } from "./sandbox";

let box: Sandbox;
const sets = (live: string, verb: "up" | "check" = "up"): Run =>
  box.run("swarm/scripts/sets.sh", { STACK: "test", WORKLOAD: "gateway", LIVE: live }, verb);
const removals = () => box.calls().filter((call) => call.startsWith("docker service rm"));

beforeEach(() => {
  box = new Sandbox();
  box.file("sets", "gateway-service-2222222\ngateway-service-1111111\ngateway-service-3333333\n");
  box.stub(
    "docker",
    `if [[ "$*" == "service ls --filter label=hypha.stack=test --filter label=hypha.workload=gateway --format {{.Name}}" ]]; then
       cat ${box.root}/sets
     fi`,
  );
});
afterEach(() => {
  box.remove();
});

test("up removes every set of the workload beside the live one", () => {
  expect(sets("gateway-service-2222222")).toEqual({
    ...{ code: 0, stdout: "" },
    stderr: "web1: removing gateway-service-1111111, gateway-service-3333333\n",
  });
  expect(removals()).toEqual(["docker service rm gateway-service-1111111 gateway-service-3333333"]);
});

test.each([
  ["the live one is alone", "gateway-service-2222222", "gateway-service-2222222\n"],
  ["there is none", "gateway-service-2222222", ""],
])("up removes nothing where %s", (_, live, there) => {
  box.file("sets", there);
  expect(sets(live)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(removals()).toEqual([]);
});

test("without a live one nothing is removed", () => {
  expect(sets("").code).not.toBe(0);
  expect(removals()).toEqual([]);
});

test("a set that cannot be removed is a failure", () => {
  box.stub("docker", 'case "$*" in "service rm "*) exit 1 ;; *) echo gateway-service-1111111 ;; esac');
  expect(sets("gateway-service-2222222").code).toBe(1);
});

test("check tells sets that are left", () => {
  expect(facts(sets("gateway-service-2222222", "check"))).toEqual({
    "sets gateway": "-gateway-service-1111111\n gateway-service-2222222\n-gateway-service-3333333\n",
  });
  box.file("sets", "gateway-service-2222222\n");
  expect(facts(sets("gateway-service-2222222", "check"))).toEqual({ "sets gateway": "ok" });
});
