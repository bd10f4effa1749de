import type { StagedStrategy } from "../../../components/config/schema";
import { Rollout } from "../../../components/edge/rollout";
import { Vps } from "../../../components/host/vps";
import { Cluster } from "../../../components/swarm/cluster";
import { Workload } from "../../../components/swarm/workload";
import { cluster, endpoint, pulled, run, sent, waitsFor } from "../fixtures";

const canary: StagedStrategy = {
  ...{ kind: "canary", percent: 10, seconds: 60, confirmSeconds: 30 },
  ...{ maxErrorPercent: 5, maxLatencyMilliseconds: 3000 },
};
const probe = { path: "/api/rooms/list", content: '"success": ?true' };

const rollout = (swarm: Cluster, strategy: StagedStrategy) => {
  const metrics = { none: "a test" };
  const image = pulled(swarm.manager);
  const workload = new Workload("web-app", swarm, { image, memoryMiB: 64, metrics, strategy });
  return new Rollout("edge-web-app", swarm, { workload, port: 8080, probe, domain: "chat.example.org" });
};

const variables = (host: string, directory: string, judged: string, engine = "") =>
  `export HOST_NAME='${host}'\n${engine}export WORKLOAD='web-app'\nexport VARIABLE='set_web_app'\n` +
  `export SET='web-app-service-0000000:8080'\nexport EDGE='hypha-test-edge'\nexport DIRECTORY='${directory}'\n` +
  `export SITE='chat.example.org'\nexport PROBE_PATH='/api/rooms/list'\nexport PROBE_CONTENT='"success": ?true'\n` +
  judged;
const scripts = ["edge/scripts/judge.sh", "edge/scripts/rollout.sh"];

test("on the local engine it is a script beside Pulumi, in the operator's own directory", async () => {
  process.env["HYPHA_DATA"] = "/home/op/hypha";
  const { byName } = await run(() => rollout(cluster(), canary));
  delete process.env["HYPHA_DATA"];
  const judged =
    "export CANARY_PERCENT='10'\nexport CANARY_SECONDS='60'\nexport CONFIRM_SECONDS='30'\n" +
    "export MAX_ERROR_PERCENT='5'\nexport MAX_MILLISECONDS='3000'\n";
  const engine = "export DOCKER_HOST='unix:///run/test.sock'\n";
  const step = byName("edge-web-app-on-local");
  expect(step.type).toBe("command:local:Command");
  expect(step.inputs).toMatchObject({
    create: "bash -s -- up",
    update: "bash -s -- up",
    delete: "bash -s -- down",
    stdin: sent(variables("local", "/home/op/hypha/edge/test", judged, engine), ...scripts),
  });
});

test("on servers it is root's, one after the other; what is left of other sets goes when all have confirmed", async () => {
  const { byName } = await run(() => {
    const nodes = Object.fromEntries(
      ["web1", "web2"].map((name, index) => [
        name,
        {
          host: new Vps(name, {
            ...{
              endpoint: { ...endpoint, address: `192.0.2.${index + 1}`, user: "debian" },
              deployUser: "muser",
            },
            ...{ engine: "present", ports: [] },
            minimum: { cpus: 1, memoryMiB: 1, diskGiB: 1 },
            recommended: { cpus: 1, memoryMiB: 1, diskGiB: 1 },
          }),
          roles: index === 0 ? ["manager", "data", "edge", "app"] : ["edge"],
          address: `192.0.2.${index + 1}`,
        } as const,
      ]),
    );
    const swarm = new Cluster("cluster", { first: "web1", nodes: nodes as never });
    const { percent, seconds, kind, ...judged } = canary;
    expect([kind, percent, seconds]).toEqual(["canary", 10, 60]);
    return rollout(swarm, { kind: "blue-green", ...judged });
  });
  const judged =
    "export CANARY_PERCENT='0'\nexport CANARY_SECONDS='0'\nexport CONFIRM_SECONDS='30'\n" +
    "export MAX_ERROR_PERCENT='5'\nexport MAX_MILLISECONDS='3000'\n";
  for (const host of ["web1", "web2"]) {
    expect(byName(`edge-web-app-on-${host}`).inputs).toMatchObject({
      create: "sudo -n bash -s -- up",
      delete: "sudo -n bash -s -- down",
      stdin: sent(variables(host, "/etc/hypha/edge/test", judged), ...scripts),
    });
  }
  expect(waitsFor(byName("edge-web-app-on-web1"))).toContain("web-app-service");
  expect(waitsFor(byName("edge-web-app-on-web1"))).not.toContain("edge-web-app-on-web2");
  expect(waitsFor(byName("edge-web-app-on-web2"))).toContain("edge-web-app-on-web1");
  const sets = byName("edge-web-app-sets");
  expect(waitsFor(sets)).toEqual(expect.arrayContaining(["edge-web-app-on-web1", "edge-web-app-on-web2"]));
  expect(sets.inputs).toMatchObject({
    stdin: expect.stringContaining("export LIVE='web-app-service-0000000'\n"),
    connection: { host: "192.0.2.1", user: "muser" },
  });
  expect(sets.inputs).not.toHaveProperty("delete");
});
