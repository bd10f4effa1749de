import { Vps } from "../../../components/host/vps";
import { Cluster, roleConstraint } from "../../../components/swarm/cluster";
import {
  cluster,
  endpoint,
  labels,
  localEngine,
  noOptions,
  run,
  sent,
  waitsFor,
  hardened,
} from "../fixtures";

const vps = () =>
  new Vps("web1", {
    endpoint,
    deployUser: "muser",
    engine: "present",
    minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 5 },
    recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 5 },
    ports: [],
    hardening: hardened,
  });

test("a cluster is the swarm's start on its manager, and a network in it", async () => {
  const { resources, byName, result } = await run(() => cluster());
  const parent = byName("cluster").urn;
  expect(resources.filter((resource) => resource.parent === parent).map(({ name }) => name)).toEqual([
    "cluster-init",
    "cluster-network",
  ]);
  expect(byName("cluster-init")).toMatchObject({ type: "command:local:Command", secretInputs: [] });
  expect(byName("cluster-init").inputs).toEqual({
    create: "bash -s -- up",
    update: "bash -s -- up",
    delete: "bash -s -- down",
    logging: "stderr",
    addPreviousOutputInEnv: false,
    stdin: sent(
      "export HOST_NAME='local'\nexport ADVERTISE_ADDRESS='192.0.2.10'\nexport NODE_LABELS=" +
        "'hypha.test.app=true hypha.test.data=true hypha.test.edge=true hypha.test.manager=true'\n",
      "swarm/scripts/cluster.sh",
    ),
  });
  expect(waitsFor(byName("cluster-init"))).toEqual(["local-preflight"]);
  expect(byName("cluster-network").inputs).toEqual({
    name: "hypha-test-network",
    driver: "overlay",
    labels: labels(),
  });
  expect(byName("cluster-network").options).toEqual({ ...noOptions, provider: byName("local-docker").urn });
  expect(waitsFor(byName("cluster-network"))).toEqual(["cluster-init"]);
  expect(byName("cluster")).toMatchObject({
    outputs: { networkId: "cluster-network-id" },
    secretOutputs: [],
  });
  expect(result.manager.name).toBe("local");
  expect(result.provider).toBe(result.manager.provider);
});

test("on a server it is the deploy account that starts the swarm, without root, once the server is prepared", async () => {
  const { byName } = await run(() => cluster(vps() as never));
  expect(byName("cluster-init")).toMatchObject({
    type: "command:remote:Command",
    inputs: { create: "bash -s -- up", delete: "bash -s -- down", connection: { user: "muser" } },
  });
  expect(waitsFor(byName("cluster-init"))).toEqual(["web1-hardening-confirm", "web1-preflight"]);
  expect(byName("cluster-network").options.provider).toBe(byName("web1-docker").urn);
});

test("the order of roles in the config changes nothing; stacks on one engine have labels of their own", async () => {
  const make = (roles: ("app" | "manager")[], stack: string) =>
    run(() => new Cluster("cluster", { manager: localEngine(), roles }), { stack });
  const one = (await make(["app", "manager"], "one")).byName("cluster-init").inputs;
  expect((await make(["manager", "app"], "one")).byName("cluster-init").inputs).toEqual(one);
  expect(one["stdin"]).toContain("NODE_LABELS='hypha.one.app=true hypha.one.manager=true'");
  const { result } = await run(() => roleConstraint("edge"), { stack: "two" });
  expect(result).toBe("node.labels.hypha.two.edge==true");
});
