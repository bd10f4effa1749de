import { alerts } from "../../components/config/alerts";
import { renderAlertmanagerYml } from "../../components/observability/alertmanagerRender";
import { jobs } from "../../components/observability/contract";
import { dashboards } from "../../components/observability/dashboards/all";
import { renderDashboard } from "../../components/observability/dashboards/panel";
import { renderDashboardProvider, renderDatasources, renderGrafanaIni } from "../../components/observability/grafanaRender";
import { renderAlloy, renderLokiYml } from "../../components/observability/logsRender";
import { renderRules } from "../../components/observability/rules/render";
import { vpsConfig } from "../components/fixtures";
import { wholeGraph } from "../components/wholeGraph";
import { expectGolden } from "../support/golden";

const receivers = alerts.parse({
  receivers: {
    ops: { kind: "mail", to: ["ops@example.org"], from: "hypha@example.org", smarthost: "mail.example.org:587" },
    team: { kind: "slack", urlEnv: "SLACK_URL" },
  },
  watchdog: { urlEnv: "SWITCH_URL" },
});
const rules = renderRules({
  jobs,
  edgeConnections: 2048,
  postgresConnections: 100,
  bridgeUsesMycelium: true,
  runbooks: "docs/runbooks.md",
});
const rendered: Record<string, string> = {
  "alertmanager.yml": renderAlertmanagerYml(receivers, (variable) => `https://example.org/${variable}`),
  "loki.yml": renderLokiYml({ days: 14 }),
  "config.alloy": renderAlloy({ stack: "prod", host: "web1", loki: "hypha-prod-loki:3100", journal: true }),
  "grafana.ini": renderGrafanaIni(),
  "grafana-dashboards.yml": renderDashboardProvider(),
  "grafana-datasources.yml": renderDatasources({
    scrapeSeconds: 15,
    prometheus: "hypha-prod-prometheus:9090",
    alertmanager: "hypha-prod-alertmanager:9093",
    loki: "hypha-prod-loki:3100",
  }),
  ...Object.fromEntries(Object.entries(rules).map(([file, text]) => [`rules-${file}`, text])),
  ...Object.fromEntries(
    Object.entries(dashboards).map(([name, dashboard]) => [`${name}.json`, renderDashboard(name, dashboard)]),
  ),
};

/** What Prometheus and the blackbox exporter of a watched stack get. */
async function watched(): Promise<Record<string, string>> {
  const { byName } = await wholeGraph(vpsConfig((raw) => ({ ...raw, observability: {} })), { stack: "prod" });
  const held = (name: string) => Buffer.from(String(byName(name).inputs["data"]), "base64").toString();
  return { "prometheus.yml": held("prometheus-yml"), "blackbox.yml": held("blackbox-yml") };
}

test("what is watched and how, rules, dashboards and what else is configured are what is committed", async () => {
  expectGolden("observability", { ...rendered, ...(await watched()) });
});
