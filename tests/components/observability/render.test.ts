import { parse } from "yaml";
import { probesOf, renderBlackboxYml } from "../../../components/observability/probes";
import { renderPrometheusYml } from "../../../components/observability/render";
import type { Target } from "../../../components/swarm/metrics";

const target = (service: string, change: Partial<Target>): Target => ({
  service,
  hostname: `hypha-test-${service}`,
  replicas: 1,
  hosts: ["web1"],
  metrics: [{ job: "postgres", port: 9187 }],
  ...change,
});

interface Rendered {
  global: Record<string, unknown>;
  rule_files: string[];
  alerting: unknown;
  scrape_configs: (Record<string, unknown> & { job_name: string })[];
}

const render = (targets: Target[], change: object = {}) =>
  parse(
    renderPrometheusYml({
      stack: "test",
      scrapeSeconds: 15,
      targets,
      probes: [],
      blackbox: "blackbox:9115",
      alertmanager: "alertmanager:9093",
      ...change,
    }),
  ) as Rendered;

const jobOf = (config: Rendered, job: string) =>
  config.scrape_configs.find(({ job_name }) => job_name === job) ?? {};

test("intervals, rules and Alertmanager are where Prometheus looks for them", () => {
  expect(render([], { scrapeSeconds: 5 })).toEqual({
    global: {
      scrape_interval: "5s",
      scrape_timeout: "5s",
      evaluation_interval: "5s",
      external_labels: { stack: "test" },
    },
    rule_files: ["/etc/prometheus/rules/*.yml"],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] },
    scrape_configs: [],
  });
  expect(render([]).global).toMatchObject({ scrape_timeout: "10s" });
});

test("a workload of one replica is known by its name, so that it is down and not forgotten when it is gone", () => {
  const config = render([
    target("postgres-exporter", {}),
    target("silent", { metrics: { none: "a reason" } }),
  ]);
  expect(config.scrape_configs).toHaveLength(1);
  expect(jobOf(config, "postgres")).toMatchObject({
    static_configs: [
      {
        targets: ["hypha-test-postgres-exporter:9187"],
        labels: { stack: "test", host: "web1", service: "postgres-exporter" },
      },
    ],
  });
  expect(jobOf(config, "postgres")).not.toHaveProperty("dns_sd_configs");
});

test("a path of its own and several ports", () => {
  const config = render([
    target("homeserver", { metrics: [{ job: "synapse", port: 9000, path: "/_synapse/metrics" }] }),
    target("edge", {
      metrics: [
        { job: "nginx", port: 9113 },
        { job: "nginx", port: 3903 },
      ],
    }),
  ]);
  expect(jobOf(config, "synapse")).toMatchObject({
    static_configs: [{ labels: { __metrics_path__: "/_synapse/metrics" } }],
  });
  expect(jobOf(config, "nginx")).toMatchObject({
    static_configs: [{ targets: ["hypha-test-edge:9113"] }, { targets: ["hypha-test-edge:3903"] }],
  });
});

test("replicas are found by DNS, and get the same labels", () => {
  const config = render([
    target("edge", { replicas: 2, hosts: ["a", "b"], metrics: [{ job: "nginx", port: 9113 }] }),
  ]);
  const job = jobOf(config, "nginx");
  expect(job).not.toHaveProperty("static_configs");
  expect(job).toMatchObject({
    dns_sd_configs: [{ names: ["hypha-test-edge"], type: "A", port: 9113, refresh_interval: "10s" }],
    relabel_configs: Object.entries({ stack: "test", host: "several", service: "edge" }).map(
      ([target_label, replacement]) => ({
        source_labels: ["__meta_dns_name", "__address__"],
        regex: "hypha-test-edge;.+:9113",
        target_label,
        replacement,
      }),
    ),
  });
});

test("what hosts leave in text files is a job of its own", () => {
  const config = render([target("node-web1", { metrics: [{ job: "node", port: 9100 }] })]);
  const { metric_relabel_configs } = jobOf(config, "node") as {
    metric_relabel_configs: { regex: string; replacement?: string; action?: string }[];
  };
  const jobs = (metric: string) =>
    metric_relabel_configs
      .filter(({ regex, action }) => action === undefined && new RegExp(`^(?:${regex})$`).test(metric))
      .map(({ replacement }) => replacement);
  expect(jobs("hypha_mycelium_peers")).toEqual(["mycelium"]);
  expect(jobs("hypha_backup_last_success_timestamp_seconds")).toEqual(["backup"]);
  expect(jobs("hypha_restore_drill_success")).toEqual(["backup"]);
  expect(jobs("node_load1")).toEqual([]);
});

const site = {
  domain: "chat.example.org",
  authority: "chat.example.org:8443",
  at: [{ address: "192.0.2.10:8443", host: "web1" }],
};

test("the site is probed at each of its addresses by its name, the servers by theirs", () => {
  const probes = probesOf(site, [{ host: "web1", address: "2001:db8::1", ssh: 22, ports: [80] }]);
  expect(probes.map(({ job, module, target: at }) => `${job} ${module} ${at}`)).toEqual([
    "blackbox-http page_frontend https://192.0.2.10:8443/",
    "blackbox-http page_bridge https://192.0.2.10:8443/api/v1/bridge/status",
    "blackbox-http page_gateway https://192.0.2.10:8443/api/rooms/list",
    "blackbox-http page_homeserver https://192.0.2.10:8443/_matrix/client/versions",
    "blackbox-tls tls_verified 192.0.2.10:8443",
    "blackbox-tls tls_any 192.0.2.10:8443",
    "blackbox-tcp ssh [2001:db8::1]:22",
    "blackbox-tcp tcp [2001:db8::1]:80",
    "blackbox-icmp icmp 2001:db8::1",
  ]);
  const modules = Object.keys((parse(renderBlackboxYml(site)) as { modules: object }).modules);
  for (const { module } of probes) expect(modules).toContain(module);
  expect(jobOf(render([], { probes }), "blackbox-tls")).toMatchObject({
    metrics_path: "/probe",
    static_configs: ["yes", "no"].map((verified) => ({
      targets: ["192.0.2.10:8443"],
      labels: { stack: "test", host: "web1", service: "edge", verified },
    })),
    relabel_configs: [
      { source_labels: ["__address__"], target_label: "__param_target" },
      { source_labels: ["__param_target"], target_label: "instance" },
      { target_label: "__address__", replacement: "blackbox:9115" },
    ],
  });
});

test("a probe of a page trusts the stack's authority and no other, asks by name, and looks at what it says", () => {
  const { modules } = parse(renderBlackboxYml(site)) as {
    modules: Record<string, { http?: object; tcp?: object }>;
  };
  expect(modules["page_bridge"]).toMatchObject({
    prober: "http",
    http: {
      headers: { Host: "chat.example.org:8443" },
      fail_if_not_ssl: true,
      fail_if_body_not_matches_regexp: ["connected_servers"],
      tls_config: { ca_file: "/etc/blackbox/ca.crt", server_name: "chat.example.org" },
    },
  });
  const loose = Object.entries(modules).filter(([, module]) => JSON.stringify(module).includes("insecure"));
  expect(loose.map(([name]) => name)).toEqual(["tls_any"]);
});
