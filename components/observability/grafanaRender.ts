import { stringify } from "yaml";

export const grafanaPort = 3000;

/** Where its files are. */
export const grafanaPaths = {
  settings: "/etc/grafana/grafana.ini",
  provisioning: "/etc/grafana/provisioning",
  dashboards: "/etc/grafana/dashboards",
  data: "/var/lib/grafana",
  password: "/run/secrets/grafana-admin-password",
  key: "/run/secrets/grafana-secret-key",
} as const;

/** Grafana asks nobody outside, knows no one but the administrator, and reads its secrets from files. */
const settings: Readonly<Record<string, Record<string, string | number | boolean>>> = {
  paths: {
    data: grafanaPaths.data,
    plugins: `${grafanaPaths.data}/plugins`,
    logs: "/tmp",
    provisioning: grafanaPaths.provisioning,
  },
  server: { http_port: grafanaPort },
  log: { mode: "console", level: "warn" },
  analytics: {
    reporting_enabled: false,
    check_for_updates: false,
    check_for_plugin_updates: false,
    feedback_links_enabled: false,
  },
  security: {
    admin_user: "admin",
    admin_password: `$__file{${grafanaPaths.password}}`,
    secret_key: `$__file{${grafanaPaths.key}}`,
    disable_gravatar: true,
    cookie_samesite: "strict",
  },
  snapshots: { external_enabled: false },
  users: { allow_sign_up: false, allow_org_create: false },
  "auth.anonymous": { enabled: false },
  news: { news_feed_enabled: false },
  plugins: { plugin_admin_enabled: false, preinstall_disabled: true },
  dashboards: { default_home_dashboard_path: `${grafanaPaths.dashboards}/overview.json` },
};

/** grafana.ini */
export function renderGrafanaIni(): string {
  return Object.entries(settings)
    .map(([section, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => `${key} = ${String(value)}\n`);
      return `[${section}]\n${lines.join("")}`;
    })
    .join("\n");
}

export interface SourcesSettings {
  /** Seconds between two looks of Prometheus. */
  scrapeSeconds: number;
  /** `name:port` on the stack's network. */
  prometheus: string;
  alertmanager: string;
  /** @default no logs are collected */
  loki?: string;
}

/** What Grafana shows; one that is no longer here goes. Dashboards name them by `uid`. */
export function renderDatasources({
  scrapeSeconds,
  prometheus,
  alertmanager,
  loki,
}: SourcesSettings): string {
  const source = (type: string, name: string, address: string, jsonData: object) => ({
    name,
    uid: type,
    type,
    access: "proxy",
    url: `http://${address}`,
    isDefault: type === "prometheus",
    editable: false,
    jsonData,
  });
  return stringify({
    apiVersion: 1,
    prune: true,
    datasources: [
      source("prometheus", "Prometheus", prometheus, {
        httpMethod: "POST",
        timeInterval: `${scrapeSeconds}s`,
        alertmanagerUid: "alertmanager",
      }),
      source("alertmanager", "Alertmanager", alertmanager, { implementation: "prometheus" }),
      ...(loki === undefined ? [] : [source("loki", "Loki", loki, { maxLines: 1000 })]),
    ],
  });
}

/** Where the dashboards come from; nobody changes them in the browser. */
export function renderDashboardProvider(): string {
  return stringify({
    apiVersion: 1,
    providers: [
      {
        name: "hypha",
        type: "file",
        disableDeletion: false,
        allowUiUpdates: false,
        options: { path: grafanaPaths.dashboards },
      },
    ],
  });
}
