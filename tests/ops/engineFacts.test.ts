import { readFileSync } from "node:fs";
import { join } from "node:path";
import { facts, Sandbox } from "../scripts/sandbox";

let box: Sandbox;
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => {
  box.remove();
});

const script = readFileSync(join(__dirname, "..", "..", "ops", "lib", "engineFacts.sh"), "utf8");
const none = { SERVICES: "", NETWORKS: "", VOLUMES: "", SECRETS: "", CONFIGS: "", LABELS: "" };
const check = (wanted: Partial<typeof none>) => facts(box.bash(script, { ...none, ...wanted }));

test("names are compared whole, a service with its image; what belongs to others does not matter", () => {
  box.stub(
    "docker",
    `case $1 in service) printf '%s\\n' 'web web:1' 'api api:1' 'web-2 x:1' ;; volume) printf '%s\\n' data-2 theirs ;; esac`,
  );
  expect(check({ SERVICES: "web web:1\napi api:2\ngone x:1", VOLUMES: "data" })).toEqual({
    "service web": "ok",
    "service api": "-api api:1\n+api api:2\n",
    "service gone": "+gone x:1\n",
    "volume data": "+data\n",
  });
  expect(box.calls().filter((call) => call.startsWith("docker network"))).toEqual([]);
});

test("a label is looked for on the node that carries the host's name", () => {
  box.stub(
    "docker",
    `if [[ $2 == ls ]]; then printf 'a\\nb\\n'; else printf '%s\\n' ' h.host=m1 h.app=true ' ' h.host=m10 h.data=true '; fi`,
  );
  expect(check({ LABELS: "h.host=m1 h.app=true\nh.host=m1 h.data=true\nh.host=m2 h.host=m2" })).toEqual({
    "node label m1 h.app": "ok",
    "node label m1 h.data": "+h.data=true\n",
    "node label m2 h.host": "+h.host=m2\n",
  });
});

test("an engine that does not answer is a failure, and no drift", () => {
  box.stub("docker", "echo 'Cannot connect' >&2; exit 1");
  expect(box.bash(script, { ...none, NETWORKS: "net" })).toEqual({
    code: 1,
    stdout: "",
    stderr: "Cannot connect\n",
  });
});
