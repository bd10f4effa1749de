import { shellAssign } from "../../components/shell/quote";
import { letGo, parseNodes, Traces, tracesOf } from "../../ops/lib/forget";
import { StateResource } from "../../ops/lib/state";

const urn = (name: string, type = "t") => `urn:pulumi:test::hypha::${type}::${name}`;
const script = (
  name: string,
  variables: Record<string, string>,
  more: Record<string, unknown> = {},
  type = "command:remote:Command",
): StateResource => ({
  urn: urn(name),
  type,
  inputs: { create: "bash -s -- up", stdin: `${shellAssign(variables)}main\n`, ...more },
});
const undo = { delete: "bash -s -- down" };
const client = "ssh\n-o\nBatchMode=yes\n-p\n2222\nmuser@192.0.2.1\n--\ndocker";
const docker = (host: string): StateResource => ({
  urn: urn(`${host}-docker`, "pulumi:providers:docker"),
  type: "pulumi:providers:docker",
  inputs: { host: `ssh://muser@${host}:22`, sshOpts: '["-o"]', version: "5.2.0" },
  outputs: { host: `ssh://muser@${host}:22`, sshOpts: '["-o"]', version: "5.2.0" },
});
const by = (host: string, name: string, type: string): StateResource => ({
  urn: urn(name, type),
  type,
  provider: `${urn(`${host}-docker`, "pulumi:providers:docker")}::id`,
  outputs: { name: `hypha-test-${name}` },
});
const local = "command:local:Command";
const resources: StateResource[] = [
  { urn: urn("m1"), type: "hypha:host:Vps" },
  script("m1-preflight", { HOST_NAME: "m1" }),
  script("m1-hardening-apply", { HOST_NAME: "m1" }, undo),
  script("m10-hardening-apply", { HOST_NAME: "m10" }, undo),
  script("m1-vm-deployment", { HOST_NAME: "m1", VM_NAME: "vm" }, undo, local),
  script("cluster-node-m1", { HOST_NAME: "m1", NODE: client, MANAGER: client }, undo, local),
  script("cluster-node-m2", { HOST_NAME: "m2", NODE: "x", MANAGER: client }, undo, local),
  script("edge-image-build", { HOST_NAME: "m1", NODES: "m1\tssh\nm2\tssh" }, undo, local),
  docker("m1"),
  docker("m2"),
  by("m1", "data", "docker:index/volume:Volume"),
  by("m1", "alloy-m1-positions", "docker:index/volume:Volume"),
  by("m2", "other", "docker:index/volume:Volume"),
  by("m1", "edge-service", "docker:index/service:Service"),
];
const traces = tracesOf(resources, "m1");
const gone = [
  urn("m1-hardening-apply"),
  urn("cluster-node-m1"),
  ...["data", "alloy-m1-positions"].map((name) => urn(name, "docker:index/volume:Volume")),
];

test("what a removal would have to reach the host for is found, and nothing of another host", () => {
  expect(traces).toEqual<Traces>({
    target: ["-o", "BatchMode=yes", "-p", "2222", "muser@192.0.2.1"],
    unreachable: gone,
    providers: [urn("m1-docker", "pulumi:providers:docker")],
    volumes: ["hypha-test-data"],
  });
  expect(tracesOf(resources, "stranger")).toEqual<Traces>({
    target: undefined,
    unreachable: [],
    providers: [],
    volumes: [],
  });
});

test("that goes from the state only; what is of the swarm is spoken of with another manager; the rest stays as it is", () => {
  const access = { dockerHost: "ssh://muser@192.0.2.2:22", sshArgs: ["-o", "BatchMode=yes"] };
  const state = { version: 3, deployment: { manifest: { time: "t" }, resources } };
  const after = letGo(state, traces, access);
  expect({ ...after, deployment: { ...after.deployment, resources: [] } }).toEqual({
    ...state,
    deployment: { manifest: { time: "t" }, resources: [] },
  });
  const moved = { host: access.dockerHost, sshOpts: '["-o","BatchMode=yes"]', version: "5.2.0" };
  expect(after.deployment.resources).toEqual(
    resources.map((resource) => {
      if (gone.includes(resource.urn)) return { ...resource, retainOnDelete: true };
      return resource.urn === traces.providers[0] ? { ...resource, inputs: moved, outputs: moved } : resource;
    }),
  );
  expect(letGo(after, traces, access)).toEqual(after);
});

test("nodes are read as docker prints them", () => {
  expect(parseNodes("abc down manager\ndef ready worker\n")).toEqual([
    { id: "abc", state: "down", manages: true },
    { id: "def", state: "ready", manages: false },
  ]);
});
