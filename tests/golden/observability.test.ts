import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alerts } from "../../components/config/alerts";
import { renderAlertmanagerYml } from "../../components/observability/alertmanagerRender";
import { jobs } from "../../components/observability/contract";
import { dashboards } from "../../components/observability/dashboards/all";
import { renderDashboard } from "../../components/observability/dashboards/panel";
import { renderRules } from "../../components/observability/rules/render";

const directory = join(__dirname, "files", "observability");
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
  ...Object.fromEntries(Object.entries(rules).map(([file, text]) => [`rules-${file}`, text])),
  ...Object.fromEntries(
    Object.entries(dashboards).map(([name, dashboard]) => [`${name}.json`, renderDashboard(name, dashboard)]),
  ),
};

test("rules, dashboards and Alertmanager's configuration are what is committed", () => {
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(directory, { recursive: true });
    Object.entries(rendered).forEach(([file, text]) => {
      writeFileSync(join(directory, file), text);
    });
  }
  expect(readdirSync(directory).sort()).toEqual(Object.keys(rendered).sort());
  for (const [file, text] of Object.entries(rendered)) {
    expect(text).toBe(readFileSync(join(directory, file), "utf8"));
  }
});
