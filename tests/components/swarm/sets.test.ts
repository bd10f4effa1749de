import { ConfigFile, SecretFile } from "../../../components/swarm/files";
import type { WorkloadArgs } from "../../../components/swarm/workload";
import { Workload } from "../../../components/swarm/workload";
import { outputOf } from "../../support/mocks";
import { cluster, labels, pulled, run, sent, waitsFor } from "../fixtures";

const deployed = (args: (in_: ReturnType<typeof cluster>) => Partial<WorkloadArgs> = () => ({})) =>
  run(() => {
    const swarm = cluster();
    const image = pulled(swarm.manager);
    return new Workload("web", swarm, { image, memoryMiB: 64, metrics: { none: "a test" }, ...args(swarm) });
  });

describe("a workload whose versions are sets", () => {
  const strategy = {
    kind: "blue-green",
    confirmSeconds: 30,
    maxErrorPercent: 5,
    maxLatencyMilliseconds: 3000,
  } as const;

  test("is named by Pulumi, answers to the workload's name, and is never removed by Pulumi itself", async () => {
    const { byName, result } = await deployed(() => ({ strategy }));
    const made = byName("web-service");
    const { inputs: plain } = (await deployed()).byName("web-service");
    expect(made.inputs).toEqual({
      ...plain,
      name: undefined,
      labels: [...labels(), { label: "hypha.workload", value: "web" }],
      convergeConfig: { delay: "1s", timeout: "1m20s" },
      taskSpec: {
        ...(plain["taskSpec"] as object),
        networksAdvanceds: [{ id: "cluster-network-id", aliases: ["hypha-test-web"] }],
      },
    });
    expect(made.options).toMatchObject({ replaceOnChanges: ["taskSpec"], retainOnDelete: true });
    expect(result.hostname).toBe("hypha-test-web");
    expect(await outputOf(result.live)).toEqual({ value: "web-service-0000000", secret: false });
    expect(waitsFor(made)).toContain("web-sets");
  });

  test("has its sets removed by a manager before what they use goes", async () => {
    const { byName } = await deployed((swarm) => ({
      strategy,
      secrets: [
        { secret: new SecretFile("key", swarm, { content: "k" }), path: "/run/secrets/key", uid: 1005 },
      ],
      configs: [{ config: new ConfigFile("conf", swarm, { content: "c" }), path: "/etc/conf", uid: 999 }],
    }));
    const removal = byName("web-sets");
    expect(removal.inputs).toMatchObject({
      stdin: sent(
        "export HOST_NAME='local'\nexport DOCKER_HOST='unix:///run/test.sock'\nexport STACK='test'\n" +
          "export SERVICE=''\nexport WORKLOAD='web'\nexport STOP_SECONDS='10'\n",
        "swarm/scripts/removal.sh",
      ),
      delete: "bash -s -- down",
    });
    expect(waitsFor(removal)).toEqual(
      ["app-image-pull", "cluster-network", "cluster-node-local", "conf", "key"].sort(),
    );
  });

  test.each([{ ports: [{ target: 1, published: 1 }] }, { volumes: [{ volume: "data", path: "/data" }] }])(
    "cannot own %j",
    async (owned) => {
      await expect(deployed(() => ({ strategy, ...owned }))).rejects.toThrow(
        "web: owns a volume or a port, which two sets cannot share; fix: strategy rolling",
      );
    },
  );

  test("may use another's volume", async () => {
    const volumes = [{ volume: "socket", path: "/s", shared: true }];
    expect((await deployed(() => ({ strategy, volumes }))).byName("web-service").options.retainOnDelete).toBe(
      true,
    );
  });
});
