import { Vps } from "../../../components/host/vps";
import type { NodeRole } from "../../../components/swarm/cluster";
import { Cluster, roleConstraint } from "../../../components/swarm/cluster";
import {
  cluster, endpoint, hardened, labels, localEngine, noOptions, run, sent, waitsFor,
} from "../fixtures"; // prettier-ignore

const vps = (name: string, address: string) =>
  new Vps(name, {
    endpoint: { ...endpoint, address },
    deployUser: "muser",
    engine: "present",
    minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 5 },
    recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 5 },
    ports: [],
    hardening: hardened,
  });

const roles: Record<string, NodeRole[]> = {
  db: ["data"],
  m1: ["manager", "edge"],
  m2: ["manager", "app"],
  app1: ["app"],
};
const addresses: Record<string, string> = {
  db: "10.0.0.1",
  m1: "10.0.0.2",
  m2: "10.0.0.3",
  app1: "10.0.0.4",
};
const fleet = (
  names = Object.keys(roles),
  more: Partial<{ first: string; encrypted: boolean; abandonDataOn: string[] }> = {},
) =>
  new Cluster("cluster", {
    nodes: Object.fromEntries(
      names.map((name) => [
        name,
        {
          host: vps(name, `192.0.2.${name.length}`),
          roles: roles[name] ?? [],
          address: addresses[name] ?? "",
        },
      ]),
    ),
    first: "m1",
    ...more,
  });

test("a cluster of one is the swarm's start on its host, and a network in it", async () => {
  const { resources, byName, result } = await run(() => cluster());
  const parent = byName("cluster").urn;
  expect(resources.filter((resource) => resource.parent === parent).map(({ name }) => name)).toEqual([
    "cluster-node-local",
    "cluster-network",
  ]);
  expect(byName("cluster-node-local")).toMatchObject({ type: "command:local:Command", secretInputs: [] });
  const client = "'docker\n--host\nunix:///run/test.sock'";
  expect(byName("cluster-node-local").inputs).toEqual({
    create: "bash -s -- up",
    update: "bash -s -- up",
    delete: "bash -s -- down",
    logging: "stderr",
    addPreviousOutputInEnv: false,
    stdin: sent(
      `export HOST_NAME='local'\nexport STACK='test'\nexport FIRST='yes'\nexport NODE=${client}\n` +
        `export MANAGER=${client}\nexport ADDRESS='192.0.2.10'\nexport MANAGER_ADDRESS='192.0.2.10'\n` +
        "export JOIN_AS='manager'\nexport LABEL_PREFIX='hypha.test.'\nexport LABELS='hypha.test.app=true " +
        "hypha.test.data=true hypha.test.edge=true hypha.test.host=local hypha.test.manager=true'\n" +
        "export ABANDONED=''\n",
      "swarm/scripts/node.sh",
    ),
  });
  expect(waitsFor(byName("cluster-node-local"))).toEqual(["local-preflight"]);
  expect(byName("cluster-network").inputs).toEqual({
    name: "hypha-test-network",
    driver: "overlay",
    labels: labels(),
  });
  expect(byName("cluster-network").options).toEqual({
    ...noOptions,
    provider: byName("local-docker").urn,
    ignoreChanges: ["options"],
  });
  expect(waitsFor(byName("cluster-network"))).toEqual(["cluster-node-local"]);
  expect(byName("cluster")).toMatchObject({
    outputs: { networkId: "cluster-network-id" },
    secretOutputs: [],
  });
  expect(result.manager.name).toBe("local");
  expect(result.provider).toBe(result.manager.provider);
});

test("every other host joins the first manager's swarm once both are ready, and waits for no third", async () => {
  const { byName, result } = await run(() => fleet());
  const stdin = (name: string) => String(byName(`cluster-node-${name}`).inputs["stdin"]);
  expect(waitsFor(byName("cluster-node-m1"))).toEqual(["m1-hardening-confirm"]);
  for (const name of ["db", "m2", "app1"]) {
    expect(waitsFor(byName(`cluster-node-${name}`))).toEqual(
      ["cluster-node-m1", `${name}-hardening-confirm`].sort(),
    );
    expect(stdin(name)).toContain("export FIRST='no'\n");
    expect(stdin(name)).toContain(
      `export ADDRESS='${addresses[name] ?? ""}'\nexport MANAGER_ADDRESS='10.0.0.2'\n`,
    );
  }
  expect(["db", "m1", "m2", "app1"].map((name) => /JOIN_AS='(\w+)'/.exec(stdin(name))?.[1])).toEqual([
    "worker", "manager", "manager", "worker",
  ]); // prettier-ignore
  expect(stdin("m2")).toContain(
    "export LABELS='hypha.test.app=true hypha.test.host=m2 hypha.test.manager=true'\n",
  );
  expect(stdin("db")).toMatch(/\nmuser@192\.0\.2\.2\n--\ndocker'\nexport MANAGER='ssh\n/);
  expect(byName("cluster-network").options.provider).toBe(byName("m1-docker").urn);
  expect(result.hostsWith("app").map(({ name }) => name)).toEqual(["app1", "m2"]);
  expect(result.dataHost.name).toBe("db");
});

test("another host, or another order of hosts and roles, changes no other node", async () => {
  const before = await run(() => fleet(["db", "m1", "m2"]));
  const after = await run(() => fleet(["app1", "m2", "m1", "db"]));
  for (const name of ["db", "m1", "m2"]) {
    const node = `cluster-node-${name}`;
    expect(after.byName(node).inputs).toEqual(before.byName(node).inputs);
  }
  const make = (own: NodeRole[]) =>
    run(() => {
      const host = localEngine();
      return new Cluster("cluster", { nodes: { local: { host, roles: own, address: "x" } }, first: "local" });
    });
  expect((await make(["app", "manager"])).byName("cluster-node-local").inputs).toEqual(
    (await make(["manager", "app"])).byName("cluster-node-local").inputs,
  );
});

test("what is asked for reaches the network and the scripts; stacks on one engine have labels of their own", async () => {
  const { byName } = await run(() => fleet(undefined, { encrypted: true, abandonDataOn: ["z", "db"] }), {
    stack: "one",
  });
  // Another name than the open one's, so that both may be there while services move.
  expect(byName("cluster-network").inputs).toMatchObject({
    name: "hypha-one-network-encrypted",
    options: { encrypted: "" },
  });
  expect(byName("cluster-node-m2").inputs["stdin"]).toContain("export ABANDONED='db z'\n");
  expect(byName("cluster-node-m2").inputs["stdin"]).toContain("export LABEL_PREFIX='hypha.one.'\n");
  const { result } = await run(() => roleConstraint("edge"), { stack: "two" });
  expect(result).toBe("node.labels.hypha.two.edge==true");
});

test("a first node that is none of the nodes is refused", async () => {
  await expect(run(() => fleet(["db", "m2"]))).rejects.toThrow(
    "cluster: m1 is none of its nodes; fix: name one of them as the first",
  );
});
