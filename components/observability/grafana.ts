import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { upstreamUids } from "../config/versions";
import { Cluster } from "../swarm/cluster";
import { ConfigFile, SecretFile } from "../swarm/files";
import { Workload } from "../swarm/workload";
import { dashboards } from "./dashboards/all";
import { renderDashboard } from "./dashboards/panel";
import {
  grafanaPaths,
  grafanaPort,
  renderDashboardProvider,
  renderDatasources,
  renderGrafanaIni,
  SourcesSettings,
} from "./grafanaRender";
import { healthEnv } from "./health";
import { observedVolume } from "./prometheus";
import { UpstreamProgram } from "./upstream";

export interface GrafanaArgs extends SourcesSettings {
  program: UpstreamProgram;
  /** Leave the volume where it is when the stack goes. */
  keepData: boolean;
}

/**
 * Grafana on the host with the role observe, reached on the stack's network only: data sources and dashboards are
 * there without a click, the administrator's password is made here. `destroy` removes it, and what people made in it
 * only where `keepData` is false.
 */
export class Grafana extends pulumi.ComponentResource {
  readonly admin: { user: string; password: pulumi.Output<string> };

  constructor(name: string, cluster: Cluster, args: GrafanaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:observability:Grafana", name, {}, opts);
    const { image, place, healthcheck } = args.program;
    const uid = upstreamUids.grafana;
    const made = (role: string) =>
      new random.RandomPassword(`${name}-${role}`, { length: 40, special: false }, { parent: this }).result;
    const secret = (role: string, content: pulumi.Output<string>, path: string) => ({
      secret: new SecretFile(`${name}-${role}-file`, cluster, { content }, { parent: this }),
      path,
      uid,
    });
    const config = (role: string, content: string, path: string) => ({
      config: new ConfigFile(`${name}-${role}`, cluster, { content }, { parent: this }),
      path,
      uid,
    });
    this.admin = { user: "admin", password: made("admin-password") };
    const shown = Object.entries(dashboards).filter(([one]) => one !== "logs" || args.loki !== undefined);
    const data = observedVolume(`${name}-data`, cluster, args.keepData, this);
    const { provisioning } = grafanaPaths;
    new Workload(
      name,
      cluster,
      {
        image,
        healthcheck,
        role: "observe",
        uid,
        metrics: [{ job: "grafana", port: grafanaPort }],
        command: [
          `${place}/bin/grafana`,
          "server",
          `--homepath=${place}`,
          `--config=${grafanaPaths.settings}`,
        ],
        env: healthEnv(grafanaPort, "/api/health", '"database"'),
        secrets: [
          secret("admin-password", this.admin.password, grafanaPaths.password),
          secret("secret-key", made("secret-key"), grafanaPaths.key),
        ],
        configs: [
          config("ini", renderGrafanaIni(), grafanaPaths.settings),
          config("sources", renderDatasources(args), `${provisioning}/datasources/hypha.yml`),
          config("provider", renderDashboardProvider(), `${provisioning}/dashboards/hypha.yml`),
          ...shown.map(([one, dashboard]) =>
            config(
              `dashboard-${one}`,
              renderDashboard(one, dashboard),
              `${grafanaPaths.dashboards}/${one}.json`,
            ),
          ),
        ],
        volumes: [{ volume: data.name, path: grafanaPaths.data }],
        memoryMiB: 384,
        startSeconds: 120,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
