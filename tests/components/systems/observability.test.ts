import { parse } from "yaml";
import { parseConfig } from "../../../components/config/load";
import type { Deployment } from "../../support/mocks";
import { local } from "../../support/config";
import { keptVolumes } from "../fixtures";
import { wholeGraph } from "../wholeGraph";
import { fleet, heldBy } from "./watched";

interface Scraped {
  job_name: string;
  static_configs?: { targets: string[]; labels: Record<string, string> }[];
}

const scraped = (deployment: Deployment<unknown>) =>
  (parse(heldBy(deployment, "prometheus-yml")) as { scrape_configs: Scraped[] }).scrape_configs;

test("every host has its exporters, named by it; everything else is where it belongs", async () => {
  const deployment = await wholeGraph(fleet({}));
  const services = deployment.byType("docker:index/service:Service");
  const placed = Object.fromEntries(
    services.map(({ name, inputs }) => {
      const { taskSpec } = inputs as { taskSpec: { placement: { constraints: string[] } } };
      return [name.replace(/-service$/, ""), taskSpec.placement.constraints.join()];
    }),
  );
  expect(placed).toMatchObject({
    ...Object.fromEntries(
      ["db", "obs", "web"].flatMap((host) =>
        ["node", "containers"].map((one) => [`${one}-${host}`, `node.labels.hypha.test.host==${host}`]),
      ),
    ),
    "postgres-exporter": "node.labels.hypha.test.data==true",
    "pooler-exporter": "node.labels.hypha.test.data==true",
    "bridge-exporter": "node.labels.hypha.test.observe==true",
    blackbox: "node.labels.hypha.test.observe==true",
    alertmanager: "node.labels.hypha.test.observe==true",
    prometheus: "node.labels.hypha.test.observe==true",
  });
  const ports = services.flatMap(({ name, inputs }) =>
    (inputs as { endpointSpec: { ports: object[] } }).endpointSpec.ports.map(() => name),
  );
  expect(new Set(ports)).toEqual(new Set(["edge-service"]));
});

test("every service is a target or has a reason, and every target is in Prometheus' configuration", async () => {
  const deployment = await wholeGraph(fleet({}));
  const services = deployment
    .byType("docker:index/service:Service")
    .map(({ name }) => name.replace(/-service$/, ""));
  expect(deployment.result.map(({ service }) => service).sort()).toEqual([...services].sort());
  const asked = scraped(deployment).flatMap(({ static_configs }) =>
    (static_configs ?? []).map(({ labels }) => labels["service"]),
  );
  for (const { service, metrics } of deployment.result) {
    if ("none" in metrics) expect([service, metrics.none.length > 10]).toEqual([service, true]);
    else expect(asked).toContain(service);
  }
  for (const { static_configs } of scraped(deployment)) {
    for (const { labels } of static_configs ?? []) {
      expect(labels).toMatchObject({ stack: "test", host: expect.stringMatching(/^(db|web|obs)$/) });
    }
  }
});

test("an exporter has no capability; what it sees of the host it may not change", async () => {
  const { byName } = await wholeGraph(fleet({}));
  const spec = (name: string) =>
    (byName(name).inputs as { taskSpec: { containerSpec: Record<string, unknown> } }).taskSpec.containerSpec;
  expect(spec("node-web-service")).toMatchObject({
    capDrops: ["ALL"],
    readOnly: true,
    mounts: [
      { type: "bind", source: "/", target: "/host", readOnly: true, bindOptions: { propagation: "rslave" } },
      { type: "tmpfs" },
    ],
  });
  expect(spec("node-web-service")["user"]).toBe("65534:65534");
  expect(spec("containers-web-service")).toMatchObject({
    user: "0:0",
    capDrops: ["ALL"],
    mounts: [
      { source: "/sys/fs/cgroup", target: "/host/cgroup", readOnly: true },
      { source: "/var/lib/docker/containers", target: "/host/containers", readOnly: true },
      { type: "tmpfs" },
    ],
  });
});

test("Postgres lets the exporter look, by its account and as nobody but pg_monitor", async () => {
  const watched = await wholeGraph(fleet({}));
  expect(heldBy(watched, "postgres-pg-ident-conf")).toContain('clients uid1007 "hypha_monitor"\n');
  expect(heldBy(watched, "postgres-pg-hba-conf")).toContain(
    'local "postgres" "hypha_monitor" peer map=clients\n',
  );
  expect(heldBy(watched, "postgres-init-sql")).toContain('GRANT pg_monitor TO "hypha_monitor";\n');
  expect(heldBy(watched, "postgres-init-sql")).not.toMatch(/(CREATE|REVOKE)[^;]*DATABASE "postgres"/);
  const unwatched = await wholeGraph(fleet({ exporters: { postgres: false } }));
  for (const file of ["pg-ident-conf", "pg-hba-conf", "init-sql"]) {
    expect(heldBy(unwatched, `postgres-${file}`)).not.toContain("hypha_monitor");
  }
});

test("the edge sends whole lines: mtail counts no other", async () => {
  expect(heldBy(await wholeGraph(fleet({})), "edge-nginx-conf")).toContain(
    "log_format figures 'figures: $status $request_time $proxy_host\\n';",
  );
});

test("what is switched off is not there, and nobody asks for it", async () => {
  const off = Object.fromEntries(
    ["node", "containers", "postgres", "nginx", "synapse", "bridge", "mycelium", "blackbox"].map((one) => [
      one,
      false,
    ]),
  );
  const deployment = await wholeGraph(fleet({ exporters: off }));
  expect(scraped(deployment).map(({ job_name }) => job_name)).toEqual(["prometheus", "alertmanager"]);
  expect(deployment.resources.map(({ name }) => name)).not.toContain("exporters-image");
  expect(heldBy(deployment, "edge-nginx-conf")).not.toContain("stub_status");
  expect(heldBy(deployment, "homeserver-homeserver-yaml")).not.toContain("metrics");
});

test("Prometheus keeps what fits: days, a share of the disk, a share of the memory; Alertmanager's file is secret", async () => {
  const deployment = await wholeGraph(fleet({ retention: { days: 7, diskMiB: 1000 }, keepData: false }));
  const { taskSpec } = deployment.byName("prometheus-service").inputs as {
    taskSpec: { containerSpec: { commands: string[] } };
  };
  expect(taskSpec.containerSpec.commands).toEqual(
    expect.arrayContaining(["--storage.tsdb.retention.time=7d", "--storage.tsdb.retention.size=1000MB"]),
  );
  expect(deployment.byName("prometheus-service").inputs).toMatchObject({
    updateConfig: { order: "stop-first" },
    taskSpec: {
      resources: { limits: { memoryBytes: 1024 * 1024 * 1024 } },
      containerSpec: { env: { GOMEMLIMIT: "921MiB" } },
    },
  });
  expect(deployment.byName("alertmanager-yml").secretInputs).toEqual(["data"]);
  expect(keptVolumes(deployment.resources)).toEqual(["homeserver-media", "postgres-data"]);
  expect(keptVolumes((await wholeGraph(fleet({}))).resources)).toEqual([
    ...["alertmanager-data", "homeserver-media", "postgres-data", "prometheus-data"],
  ]);
});

test("without the section there is nothing of it, and without a host for it, it is beside the data", async () => {
  const { resources } = await wholeGraph(parseConfig(local()));
  expect(
    resources.map(({ name }) => name).filter((name) => /prometheus|alertmanager|node-local$/.test(name)),
  ).toEqual(["cluster-node-local"]);
  const beside = await wholeGraph(parseConfig(local({ observability: {} })));
  expect(beside.byName("cluster-node-local").inputs["stdin"]).toContain("hypha.test.observe=true");
  // What a container sees of the local engine's machine may not be shared.
  expect(JSON.stringify(beside.byName("node-local-service").inputs)).toContain('"propagation":"rprivate"');
});

test("the rules are there, for the jobs that have targets; receivers' secrets are in Alertmanager's file alone", async () => {
  process.env["TEST_WEBHOOK"] = "http://receiver.test/secret-path";
  const alerts = { receivers: { ops: { kind: "webhook", urlEnv: "TEST_WEBHOOK" } } };
  const deployment = await wholeGraph(fleet({ alerts, exporters: { synapse: false } }));
  const targets = heldBy(deployment, "prometheus-rules-targets");
  expect(targets).toContain('absent(up{job="postgres"})');
  expect(targets).toContain('absent(up{job="prometheus"})');
  expect(targets).toContain('absent(up{job="blackbox-tls"})');
  // Nobody is asked for these: what they tell comes by node exporter.
  expect(targets).not.toMatch(/absent\(up{job="(synapse|mycelium|backup)"}\)/);
  // Four workers with 2048 connections, of which half lead to visitors.
  expect(heldBy(deployment, "prometheus-rules-edge")).toContain("/ 4096 > 0.8");
  // The bridge has no way to a Mycelium node here, and one where its host has a node.
  expect(heldBy(deployment, "prometheus-rules-chat")).not.toContain("BridgeNotConnected");
  const connected = await wholeGraph(fleet({ alerts }, { mycelium: { source: { kind: "sample" } } }));
  expect(heldBy(connected, "prometheus-rules-chat")).toContain("alert: BridgeNotConnected");
  const mounted = deployment.byName("prometheus-service").inputs as {
    taskSpec: { containerSpec: { configs: { fileName: string }[] } };
  };
  const files = mounted.taskSpec.containerSpec.configs.map(({ fileName }) => fileName);
  expect(files).toContain("/etc/prometheus/rules/postgres.yml");
  expect(heldBy(deployment, "alertmanager-yml")).toContain("http://receiver.test/secret-path");
  const others = deployment.resources.filter(({ name }) => name !== "alertmanager-yml");
  const secret = Buffer.from("http://receiver.test/secret-path").toString("base64").slice(0, 30);
  for (const { inputs } of others)
    expect(JSON.stringify(inputs)).not.toMatch(new RegExp(`secret-path|${secret}`));
});
