import { parse } from "yaml";
import { imageUids } from "../../../components/config/versions";
import type { Deployment } from "../../support/mocks";
import { healthcheck, vpsConfig, waitsFor } from "../fixtures";
import { wholeGraph } from "../wholeGraph";
import { fleet, heldBy } from "./watched";

interface Scraped {
  scrape_configs: { job_name: string; static_configs?: object[] }[];
}

const names = ({ resources }: Deployment<unknown>) => resources.map(({ name }) => name);
const ofPooler = (deployment: Deployment<unknown>) =>
  (parse(heldBy(deployment, "prometheus-yml")) as Scraped).scrape_configs.find(
    ({ job_name }) => job_name === "pgbouncer",
  );

test("an exporter beside the pooler asks its console, by TLS and with a password in a file", async () => {
  const deployment = await wholeGraph(fleet({ scrapeSeconds: 20 }));
  const service = deployment.byName("pooler-exporter-service");
  expect(service.inputs).toMatchObject({
    mode: { replicated: { replicas: 1 } },
    endpointSpec: { mode: "dnsrr", ports: [] },
    updateConfig: { order: "start-first" },
    taskSpec: {
      placement: { constraints: ["node.labels.hypha.test.data==true"] },
      resources: { limits: { memoryBytes: 64 * 1024 * 1024 } },
    },
  });
  const { containerSpec } = service.inputs["taskSpec"] as { containerSpec: Record<string, unknown> };
  const uid = String(imageUids.exporters);
  const owned = { fileUid: uid, fileGid: uid, fileMode: 0o400 };
  expect(containerSpec).toMatchObject({
    ...{ commands: ["/usr/local/bin/pooler"], readOnly: true, capDrops: ["ALL"] },
    healthcheck: { ...healthcheck, startPeriod: "30s" },
    mounts: [{ type: "tmpfs", target: "/tmp" }],
  });
  expect(containerSpec["env"]).toEqual({
    ...{ HEALTH_PORT: "9127", HEALTH_PATH: "/metrics", HEALTH_TEXT: "pgbouncer_up" },
    ...{ PGHOST: "hypha-test-pooler", PGPORT: "6432", PGUSER: "hypha_monitor", SECONDS_BETWEEN: "20" },
  });
  expect(containerSpec["configs"]).toEqual([
    {
      ...{ configId: "pooler-ca-crt-id", configName: "pooler-ca-crt-0000000" },
      ...{ fileName: "/etc/hypha/ca.crt", ...owned },
    },
  ]);
  expect(containerSpec["secrets"]).toEqual([
    {
      ...{ secretId: "pooler-monitor-pgpass-id", secretName: "pooler-monitor-pgpass-0000000" },
      ...{ fileName: "/run/secrets/pgpass", ...owned },
    },
  ]);
  expect(heldBy(deployment, "pooler-monitor-pgpass")).toBe(
    "hypha-test-pooler:6432:pgbouncer:hypha_monitor:password-of-pooler-monitor-password\n",
  );
  expect(waitsFor(service)).toContain("pooler-service");
});

test("it is a target by itself, at the host of the pooler, and missed when it is none", async () => {
  const deployment = await wholeGraph(fleet({}));
  expect(ofPooler(deployment)).toMatchObject({
    static_configs: [
      {
        targets: ["hypha-test-pooler-exporter:9127"],
        labels: { stack: "test", host: "db", service: "pooler-exporter" },
      },
    ],
  });
  expect(heldBy(deployment, "prometheus-rules-targets")).toContain('absent(up{job="pgbouncer"})');
  expect(heldBy(deployment, "pooler-pg-hba-conf")).toContain(
    'hostssl "pgbouncer" "hypha_monitor" 0.0.0.0/0 scram-sha-256\n',
  );
  expect(heldBy(deployment, "pooler-pgbouncer-ini")).toContain("stats_users = hypha_monitor\n");
});

test("the password of whoever watches is in the two files that need it, and nowhere in the clear", async () => {
  const { resources } = await wholeGraph(fleet({}));
  const password = "password-of-pooler-monitor-password";
  const decoded = ({ data, ...rest }: Readonly<Record<string, unknown>>) =>
    JSON.stringify([rest, typeof data === "string" ? Buffer.from(data, "base64").toString() : data]);
  const holders = resources.filter(({ inputs }) => decoded(inputs).includes(password));
  expect(holders.map(({ name, type, secretInputs }) => [name, type, secretInputs]).sort()).toEqual([
    ["pooler-all-users", "docker:index/secret:Secret", ["data"]],
    ["pooler-monitor-pgpass", "docker:index/secret:Secret", ["data"]],
  ]);
});

/** A gateway on another host than the data, and nothing that watches. */
const unwatched = () =>
  vpsConfig((raw) => {
    const { web1 } = raw["hosts"] as { web1: object };
    const app = { ...web1, address: "192.0.2.11", roles: ["app"] };
    return { ...raw, hosts: { web1: { ...web1, roles: ["manager", "data", "edge"] }, app } };
  });

test.each([
  ["nobody watches Postgres", () => fleet({ exporters: { postgres: false } })],
  ["nothing is watched", unwatched],
])("where %s, the pooler has no such account", async (_, config) => {
  const deployment = await wholeGraph(config());
  expect(names(deployment).filter((name) => /^pooler-(exporter|monitor|all)/.test(name))).toEqual([]);
  for (const file of ["pg-hba-conf", "pgbouncer-ini", "users"]) {
    expect(heldBy(deployment, `pooler-${file}`)).not.toContain("hypha_monitor");
  }
});

test("without a pooler there is nothing of it", async () => {
  const deployment = await wholeGraph(vpsConfig((raw) => ({ ...raw, observability: {} })));
  expect(names(deployment)).toContain("postgres-exporter-service");
  expect(names(deployment).filter((name) => name.startsWith("pooler"))).toEqual([]);
  expect(ofPooler(deployment)).toBeUndefined();
  expect(heldBy(deployment, "prometheus-rules-targets")).not.toContain('absent(up{job="pgbouncer"})');
});
