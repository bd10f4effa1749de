import * as docker from "@pulumi/docker";
import { ConfigFile, SecretFile } from "../../../components/swarm/files";
import type { WorkloadArgs } from "../../../components/swarm/workload";
import { Workload } from "../../../components/swarm/workload";
import {
  cluster,
  healthcheck,
  labels,
  logDriver,
  noOptions,
  pulled,
  reference,
  run,
  sent,
  waitsFor,
} from "../fixtures";

type Args = Omit<WorkloadArgs, "image" | "memoryMiB" | "metrics"> &
  Partial<Pick<WorkloadArgs, "memoryMiB" | "metrics">>;

const metrics = { none: "a test" };

const deployed = (args: (in_: ReturnType<typeof cluster>) => Args = () => ({})) =>
  run(() => {
    const swarm = cluster();
    return new Workload("web", swarm, {
      image: pulled(swarm.manager),
      memoryMiB: 64,
      metrics,
      ...args(swarm),
    });
  });
const service = async (args: Args) => (await deployed(() => args)).byName("web-service").inputs;

const policy = { parallelism: 1, order: "start-first", monitor: "5s", delay: "0s", maxFailureRatio: "0" };
const plain = {
  name: "hypha-test-web",
  labels: labels(),
  mode: { replicated: { replicas: 1 } },
  endpointSpec: { mode: "dnsrr", ports: [] },
  updateConfig: { ...policy, failureAction: "rollback" },
  rollbackConfig: { ...policy, monitor: "1s", failureAction: "pause" },
  convergeConfig: { delay: "1s", timeout: "2m40s" },
  taskSpec: {
    networksAdvanceds: [{ id: "cluster-network-id" }],
    placement: { constraints: ["node.labels.hypha.test.app==true"] },
    restartPolicy: { condition: "any", delay: "2s", window: "1m" },
    logDriver,
    resources: { limits: { memoryBytes: 67108864 } },
    containerSpec: {
      image: reference,
      hostname: "web",
      readOnly: true,
      capDrops: ["ALL"],
      stopGracePeriod: "10s",
      healthcheck,
      mounts: ["/tmp"].map((target) => ({
        type: "tmpfs",
        target,
        tmpfsOptions: { sizeBytes: 67108864, mode: 0o777 },
      })),
      secrets: [],
      configs: [],
    },
  },
};

test("with nothing but an image and a limit it has all that every workload has, and no more", async () => {
  const { byName } = await deployed();
  const made = byName("web-service");
  expect(made.inputs).toEqual(plain);
  expect(made).toMatchObject({
    type: "docker:index/service:Service",
    parent: byName("web").urn,
    secretInputs: [],
  });
  expect(made.options).toEqual({
    ...noOptions,
    provider: byName("local-docker").urn,
    hooks: { onError: ["explain-hypha-test-web"] },
    retainOnDelete: true,
  });
  expect(waitsFor(made)).toEqual(["app-image-pull", "cluster-network", "cluster-node-local", "web-removal"]);
  expect(byName("web")).toMatchObject({
    type: "hypha:swarm:Workload",
    outputs: { hostname: "hypha-test-web", serviceId: "web-service-id" },
    secretOutputs: [],
  });
});

test("role, replicas, environment, limits and times each reach their place", async () => {
  const inputs = await service({
    role: "edge",
    replicas: 3,
    env: { A: "1", B: "two words" },
    memoryMiB: 256,
    cpus: 0.333,
    startSeconds: 90,
    stopSeconds: 45,
    scratch: ["/var/cache"],
  });
  const { containerSpec } = plain.taskSpec;
  expect(inputs).toEqual({
    ...plain,
    mode: { replicated: { replicas: 3 } },
    convergeConfig: { delay: "1s", timeout: "10m" },
    taskSpec: {
      ...plain.taskSpec,
      placement: { constraints: ["node.labels.hypha.test.edge==true"] },
      resources: { limits: { memoryBytes: 268435456, nanoCpus: 333000000 } },
      containerSpec: {
        ...containerSpec,
        env: { A: "1", B: "two words" },
        stopGracePeriod: "45s",
        healthcheck: { ...healthcheck, startPeriod: "1m30s" },
        mounts: [{ type: "tmpfs", target: "/var/cache", tmpfsOptions: { sizeBytes: 67108864, mode: 0o777 } }],
      },
    },
  });
});

test("a published port is the node's own, and its holder stops before the next starts", async () => {
  const inputs = await service({ ports: [{ target: 8080, published: 80 }] });
  const stopFirst = { ...policy, order: "stop-first" };
  expect(inputs).toEqual({
    ...plain,
    endpointSpec: {
      mode: "dnsrr",
      ports: [{ targetPort: 8080, publishedPort: 80, protocol: "tcp", publishMode: "host" }],
    },
    updateConfig: { ...stopFirst, failureAction: "rollback" },
    rollbackConfig: { ...stopFirst, monitor: "1s", failureAction: "pause" },
  });
});

const order = (inputs: Readonly<Record<string, unknown>>) => {
  const { updateConfig, rollbackConfig } = inputs as Record<string, { order: string }>;
  return [updateConfig?.order, rollbackConfig?.order];
};

test.each([
  ["no volume", [], "start-first"],
  ["a volume of its own", [{ volume: "data", path: "/data" }], "stop-first"],
  ["another's volume", [{ volume: "socket", path: "/s", shared: true }], "start-first"],
  [
    "one of each",
    [
      { volume: "socket", path: "/s", shared: true },
      { volume: "data", path: "/data" },
    ],
    "stop-first",
  ],
])("with %s the order is %s", async (_, volumes, expected) => {
  expect(order(await service({ volumes }))).toEqual([expected, expected]);
});

test.each([
  ["nothing of its own", {}, 3, "2m40s"],
  ["another's volume", { volumes: [{ volume: "socket", path: "/s", shared: true }] }, 3, "2m40s"],
  ["a volume of its own", { volumes: [{ volume: "data", path: "/d" }] }, 10, "4m32s"],
])("with %s it is killed for its health as late as that allows", async (_, args, retries, timeout) => {
  expect(await service(args)).toMatchObject({
    convergeConfig: { timeout },
    taskSpec: { containerSpec: { healthcheck: { retries } } },
  });
});

test("volumes come before scratch; a shared one is not filled, and read-only where said", async () => {
  const inputs = await service({
    volumes: [
      { volume: "data", path: "/data" },
      { volume: "socket", path: "/s", shared: true, readOnly: true },
    ],
    scratch: [],
  });
  expect(inputs).toMatchObject({
    taskSpec: {
      containerSpec: {
        mounts: [
          {
            type: "volume",
            source: "data",
            target: "/data",
            readOnly: false,
            volumeOptions: { noCopy: false },
          },
          { type: "volume", source: "socket", target: "/s", readOnly: true, volumeOptions: { noCopy: true } },
        ],
      },
    },
  });
});

test("a directory of the node comes after the volumes, is read-only, and takes no turns", async () => {
  const inputs = await service({
    volumes: [{ volume: "socket", path: "/s", shared: true }],
    hostMounts: [{ source: "/run/hypha/x", path: "/run/x", follow: false }],
  });
  expect(order(inputs)).toEqual(["start-first", "start-first"]);
  const { containerSpec } = inputs["taskSpec"] as { containerSpec: { mounts: object[] } };
  expect(containerSpec.mounts).toMatchObject([
    { type: "volume", target: "/s" },
    { type: "bind", source: "/run/hypha/x", target: "/run/x", readOnly: true },
    { type: "tmpfs", target: "/tmp" },
  ]);
});

test("files are readable to their one account and nobody else", async () => {
  const { byName } = await deployed((swarm) => ({
    secrets: [
      { secret: new SecretFile("key", swarm, { content: "k" }), path: "/run/secrets/key", uid: 1005 },
    ],
    configs: [{ config: new ConfigFile("conf", swarm, { content: "c" }), path: "/etc/conf", uid: 999 }],
  }));
  const made = byName("web-service");
  expect(made.inputs).toMatchObject({
    taskSpec: {
      containerSpec: {
        secrets: [
          {
            secretId: "key-id",
            secretName: "key-0000000",
            fileName: "/run/secrets/key",
            fileUid: "1005",
            fileGid: "1005",
            fileMode: 0o400,
          },
        ],
        configs: [
          {
            configId: "conf-id",
            configName: "conf-0000000",
            fileName: "/etc/conf",
            fileUid: "999",
            fileGid: "999",
            fileMode: 0o400,
          },
        ],
      },
    },
  });
  expect(made.secretInputs).toEqual([]);
  const first = ["app-image-pull", "cluster-network", "cluster-node-local", "conf", "key"];
  expect(waitsFor(made)).toEqual([...first, "web-removal"]);
  // So they go after it.
  expect(waitsFor(byName("web-removal"))).toEqual(first);
});

test("a script removes it on the manager, before what it uses goes and before it is made anew on another network", async () => {
  const { byName } = await deployed(() => ({ stopSeconds: 45 }));
  const made = byName("web-removal");
  expect(made).toMatchObject({ type: "command:local:Command", parent: byName("web").urn, secretInputs: [] });
  expect(made.options).toMatchObject({ deleteBeforeReplace: true, retainOnDelete: false });
  expect(made.inputs).toEqual({
    delete: "bash -s -- down",
    triggers: ["cluster-network-id"],
    logging: "stderr",
    addPreviousOutputInEnv: false,
    stdin: sent(
      "export HOST_NAME='local'\nexport DOCKER_HOST='unix:///run/test.sock'\nexport STACK='test'\n" +
        "export SERVICE='hypha-test-web'\nexport WORKLOAD=''\nexport STOP_SECONDS='45'\n",
      "swarm/scripts/removal.sh",
    ),
  });
});

test("it waits for what it is told to come after", async () => {
  const { byName } = await deployed((swarm) => ({
    after: [new docker.Volume("first", { name: "first" }, { provider: swarm.provider })],
  }));
  expect(waitsFor(byName("web-service"))).toContain("first");
});

test.each([
  { replicas: 2 },
  { cpus: 2 },
  { ports: [{ target: 1, published: 1 }] },
  { scratch: [] },
  { env: { A: "" } },
])("%j leaves health, limits, log rotation, restarts and dnsrr in place", async (args) => {
  expect(await service(args)).toMatchObject({
    endpointSpec: { mode: "dnsrr" },
    updateConfig: { failureAction: "rollback", maxFailureRatio: "0" },
    taskSpec: {
      restartPolicy: plain.taskSpec.restartPolicy,
      logDriver: plain.taskSpec.logDriver,
      resources: { limits: { memoryBytes: 67108864 } },
      containerSpec: {
        healthcheck: plain.taskSpec.containerSpec.healthcheck,
        readOnly: true,
        capDrops: ["ALL"],
      },
    },
  });
});
