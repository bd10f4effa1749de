import { parse } from "yaml";
import { parseConfig } from "../../../components/config/load";
import { upstreamImages } from "../../../components/config/versions";
import { dashboards } from "../../../components/observability/dashboards/all";
import type { Deployment } from "../../support/mocks";
import { local } from "../../support/config";
import { healthcheck } from "../fixtures";
import { wholeGraph } from "../wholeGraph";
import { fleet, heldBy } from "./watched";

const off = Object.fromEntries(
  ["node", "containers", "postgres", "nginx", "synapse", "bridge", "mycelium", "blackbox"].map((one) => [
    one,
    false,
  ]),
);
/** Nothing but what Debian does not have. */
const seen = (observability: object, change: object = {}) =>
  wholeGraph(fleet({ exporters: off, ...observability }, change));

/** All of it, at its defaults. */
let everything: Deployment<unknown>;
beforeAll(async () => {
  everything = await seen({ logs: {}, grafana: {} });
});

interface Spec {
  placement: { constraints: string[] };
  resources: { limits: { memoryBytes: number } };
  containerSpec: {
    image: string;
    user?: string;
    commands?: string[];
    capDrops: string[];
    readOnly: boolean;
    healthcheck: { tests: string[] };
    mounts: { type: string; source?: string; target: string; readOnly?: boolean }[];
    configs: { fileName: string; fileUid: string }[];
    secrets: { fileName: string; fileUid: string; fileMode: number }[];
  };
}
const spec = ({ byName }: Deployment<unknown>, name: string): Spec =>
  (byName(`${name}-service`).inputs as { taskSpec: Spec }).taskSpec;
const bound = (deployment: Deployment<unknown>, name: string) =>
  spec(deployment, name)
    .containerSpec.mounts.filter(({ type }) => type === "bind")
    .map(({ source, target, readOnly }) => `${source ?? ""} ${target} ${readOnly === true ? "ro" : "rw"}`);

test("without their sections there is none of them, and nobody is told of any", async () => {
  const { resources, byName } = await seen({});
  expect(resources.map(({ name }) => name).filter((name) => /loki|alloy|grafana/.test(name))).toEqual([]);
  expect(Buffer.from(String(byName("prometheus-yml").inputs["data"]), "base64").toString()).not.toMatch(
    /loki|alloy|grafana/,
  );
});

test("Loki is where everything is watched from, Alloy on every host, each from its makers' image by digest", () => {
  const deployment = everything;
  expect(spec(deployment, "loki")).toMatchObject({
    placement: { constraints: ["node.labels.hypha.test.observe==true"] },
    containerSpec: {
      image: upstreamImages.loki,
      user: "10001:10001",
      commands: ["/usr/bin/loki", "-config.file=/etc/loki/loki.yml"],
      healthcheck: { tests: ["CMD", "/usr/bin/loki", "-health"], interval: "15s" },
    },
  });
  for (const host of ["db", "obs", "web"]) {
    const one = spec(deployment, `alloy-${host}`);
    expect(one.placement.constraints).toEqual([`node.labels.hypha.test.host==${host}`]);
    expect(one.containerSpec).toMatchObject({
      ...{ image: upstreamImages.alloy, user: "0:0", capDrops: ["ALL"], readOnly: true },
      healthcheck: {
        tests: [...healthcheck.tests.slice(0, -1), "bash", "-c", expect.stringContaining("HEALTH_PORT")],
      },
    });
    expect(one.containerSpec.commands?.[0]).toBe("/bin/alloy");
    expect(one.containerSpec.commands).toContain("--server.http.listen-addr=0.0.0.0:9080");
    expect(heldBy(deployment, `alloy-${host}-config`)).toContain(
      `external_labels = {stack = "test", host = "${host}"}`,
    );
    // It reads what it sends, and changes nothing on the server.
    expect(bound(deployment, `alloy-${host}`)).toEqual([
      "/var/lib/docker/containers /host/containers ro",
      "/var/log /host/log ro",
    ]);
    const positions = deployment.byName(`alloy-${host}-positions`);
    expect(positions.inputs["name"]).toBe(`hypha-test-alloy-${host}-positions`);
    expect(positions.options.retainOnDelete).not.toBe(true);
  }
  const nodes = (name: string) => String(deployment.byName(name).inputs["stdin"]);
  expect(nodes("alloy-image-pull")).toContain("192.0.2.2");
  expect(nodes("loki-image-pull")).toContain("192.0.2.3");
  expect(nodes("loki-image-pull")).not.toContain("192.0.2.2");
});

test("nothing of them is published, all of them are asked for their figures, of which few are kept", () => {
  const deployment = everything;
  const ports = deployment
    .byType("docker:index/service:Service")
    .filter(({ inputs }) => (inputs as { endpointSpec: { ports: object[] } }).endpointSpec.ports.length > 0)
    .map(({ name }) => name);
  expect(ports).toEqual(["edge-service"]);
  const { scrape_configs: jobs } = parse(heldBy(deployment, "prometheus-yml")) as {
    scrape_configs: {
      job_name: string;
      static_configs: { targets: string[] }[];
      metric_relabel_configs: { action?: string; regex: string }[];
    }[];
  };
  const targets = Object.fromEntries(
    jobs.map(({ job_name: job, static_configs: all }) => [job, all.flatMap((one) => one.targets)]),
  );
  expect(targets).toMatchObject({
    loki: ["hypha-test-loki:3100"],
    alloy: ["db", "obs", "web"].map((host) => `hypha-test-alloy-${host}:9080`),
    grafana: ["hypha-test-grafana:3000"],
  });
  const keeps = (job: string, metric: string) =>
    jobs
      .find((one) => one.job_name === job)
      ?.metric_relabel_configs.filter(({ action }) => action === "keep")
      .every(({ regex }) => new RegExp(`^(?:${regex})$`).test(metric));
  expect(keeps("alloy", "loki_write_dropped_entries_total")).toBe(true);
  expect(keeps("alloy", "process_resident_memory_bytes")).toBe(true);
  expect(keeps("loki", "loki_request_duration_seconds_bucket")).toBe(false);
  expect(keeps("prometheus", "prometheus_tsdb_head_series")).toBe(true);
});

test("lines are kept as long as wanted, and survive destroy unless told otherwise", async () => {
  const kept = (one: Deployment<unknown>) => one.byName("loki-data").options.retainOnDelete;
  const deployment = await seen({ logs: { days: 30 } });
  expect(parse(heldBy(deployment, "loki-yml"))).toMatchObject({
    limits_config: { retention_period: "720h", reject_old_samples_max_age: "720h" },
    compactor: { retention_enabled: true },
  });
  expect([kept(deployment), kept(await seen({ logs: {}, keepData: false }))]).toEqual([true, false]);
});

test("the journal is left alone where it is not wanted, and on the local engine, of whose machine nothing is known", async () => {
  const without = await seen({ logs: { journal: false } });
  expect(bound(without, "alloy-web")).toHaveLength(1);
  expect(heldBy(without, "alloy-web-config")).not.toContain("journal");
  const here = await wholeGraph(parseConfig(local({ observability: { exporters: off, logs: {} } })));
  expect(bound(here, "alloy-local")).toHaveLength(1);
  expect(heldBy(here, "alloy-local-config")).not.toContain("journal");
});

test("a file that is given becomes an image of its own, with the usual health check", async () => {
  const path = __dirname;
  const deployment = await seen({
    logs: { loki: { source: { kind: "artifacts", path } }, alloy: { source: { kind: "sample" } } },
    grafana: { source: { kind: "artifacts", path } },
  });
  const about = (name: string) => spec(deployment, name).containerSpec;
  for (const [name, program, place] of [
    ["loki", "loki", "/app/loki"],
    ["alloy-web", "alloy", "/app/alloy"],
    ["grafana", "grafana", "/app/bin/grafana"],
  ] as const) {
    expect(about(name).image).toMatch(new RegExp(`^hypha-test-images/${program}:[0-9a-f]{12}$`));
    expect(about(name).commands?.[0]).toBe(place);
    expect(about(name).healthcheck.tests).toEqual(healthcheck.tests);
  }
  expect(about("grafana").commands).toContain("--homepath=/app");
  const built = (program: string) => String(deployment.byName(`${program}-image-build`).inputs["stdin"]);
  expect(built("loki")).toContain("images/given");
  expect(built("loki")).not.toContain("python3");
  expect(built("alloy")).toContain("python3");
});

test("Grafana knows its sources and dashboards, and its password from a secret file alone", () => {
  const deployment = everything;
  const { containerSpec } = spec(deployment, "grafana");
  expect(containerSpec.configs.map(({ fileName }) => fileName).sort()).toEqual([
    ...Object.keys(dashboards)
      .map((name) => `/etc/grafana/dashboards/${name}.json`)
      .sort(),
    "/etc/grafana/grafana.ini",
    "/etc/grafana/provisioning/dashboards/hypha.yml",
    "/etc/grafana/provisioning/datasources/hypha.yml",
  ]);
  expect(
    containerSpec.secrets.map(({ fileName, fileUid, fileMode }) => [fileName, fileUid, fileMode]),
  ).toEqual([
    ["/run/secrets/grafana-admin-password", "472", 0o400],
    ["/run/secrets/grafana-secret-key", "472", 0o400],
  ]);
  for (const role of ["admin-password", "secret-key"]) {
    expect(deployment.byName(`grafana-${role}-file`).secretInputs).toEqual(["data"]);
    expect(heldBy(deployment, "grafana-ini")).toContain(`$__file{/run/secrets/grafana-${role}}`);
  }
  const { datasources } = parse(heldBy(deployment, "grafana-sources")) as {
    datasources: { uid: string; url: string }[];
  };
  expect(Object.fromEntries(datasources.map(({ uid, url }) => [uid, url]))).toEqual({
    prometheus: "http://hypha-test-prometheus:9090",
    alertmanager: "http://hypha-test-alertmanager:9093",
    loki: "http://hypha-test-loki:3100",
  });
  // Every source that a dashboard asks is there.
  const asked = Object.keys(dashboards).flatMap((name) =>
    [...heldBy(deployment, `grafana-dashboard-${name}`).matchAll(/"uid": "(\w+)"/g)].map(([, uid]) => uid),
  );
  expect(new Set(asked)).toEqual(new Set(["prometheus", "loki"]));
});

test("without logs Grafana has neither their source nor their dashboard", async () => {
  const deployment = await seen({ grafana: {} });
  expect(heldBy(deployment, "grafana-sources")).not.toContain("loki");
  expect(spec(deployment, "grafana").containerSpec.configs.map(({ fileName }) => fileName)).not.toContain(
    "/etc/grafana/dashboards/logs.json",
  );
});
