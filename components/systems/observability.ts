import * as pulumi from "@pulumi/pulumi";
import { nodeAddress } from "../config/cluster";
import { ObservabilityConfig, StackConfig } from "../config/schema";
import { siteAuthority } from "../edge/render";
import { Host } from "../host/host";
import { Vps } from "../host/vps";
import { ServiceImage } from "../images/serviceImage";
import { MyceliumNode } from "../mycelium/mycelium";
import { Alertmanager } from "../observability/alertmanager";
import { renderAlertmanagerYml } from "../observability/alertmanagerRender";
import { Job } from "../observability/contract";
import {
  blackboxExporter,
  bridgeExporter,
  containersExporter,
  nodeExporter,
  poolerExporter,
  postgresExporter,
} from "../observability/exporters";
import { myceliumFigures } from "../observability/myceliumFigures";
import { bracketed, Probe, ProbedServer, ProbedSite, probesOf } from "../observability/probes";
import { ruleFiles } from "../observability/ruleFiles";
import { Prometheus } from "../observability/prometheus";
import { Cluster } from "../swarm/cluster";
import { stackName } from "../swarm/naming";
import { Chat } from "./chat";
import { collectLogs, showPages } from "./upstreamPrograms";

/** Where the site answers as visitors meet it; on the local engine, whose loopback no container reaches, inside. */
export function probedSite({ hosts, edge }: StackConfig): ProbedSite {
  const at = Object.entries(hosts)
    .filter(([, { roles }]) => roles.includes("edge"))
    .map(([host, one]) => ({
      host,
      address:
        one.kind === "vps" ? `${bracketed(one.address)}:${edge.ports.https}` : `${stackName("edge")}:8443`,
    }))
    .sort((a, b) => (a.host < b.host ? -1 : 1));
  return { domain: edge.domain, authority: siteAuthority(edge.domain, edge.ports.https), at };
}

/** The servers, by the address that the others reach them by, and the ports that must answer there. */
export function probedServers({ hosts, edge }: StackConfig): ProbedServer[] {
  return Object.entries(hosts)
    .flatMap(([host, one]) =>
      one.kind === "vps"
        ? [
            {
              host,
              address: nodeAddress(one) ?? one.address,
              ssh: one.port,
              ports: one.roles.includes("edge") ? [edge.ports.http] : [],
            },
          ]
        : [],
    )
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** The jobs that have targets by now. */
function jobsOf(cluster: Cluster, probes: readonly Probe[]): Job[] {
  const scraped = cluster.targets.flatMap(({ metrics }) =>
    "none" in metrics ? [] : metrics.map(({ job }) => job),
  );
  return [...new Set<Job>([...scraped, ...probes.map(({ job }) => job)])];
}

/** A secret of the configuration is in an environment variable of whoever deploys; the loader has seen that it is set. */
const reveal = (variable: string): string => process.env[variable] ?? "";

/**
 * Prometheus, Alertmanager and the exporters: everything in the stack is watched from the host with the role observe.
 * With the section `logs` Loki and Alloy are there, too, with `grafana` Grafana. Nothing of it listens on a host's
 * address. `destroy` removes it, but for the volumes that `keepData` keeps.
 */
export class Observability extends pulumi.ComponentResource {
  /** Who may log in to Grafana; undefined where there is none. */
  readonly grafana: { user: string; password: pulumi.Output<string> } | undefined;

  constructor(
    name: string,
    cluster: Cluster,
    config: StackConfig,
    settings: ObservabilityConfig,
    chat: Chat,
    nodes: ReadonlyMap<string, MyceliumNode>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hypha:systems:Observability", name, {}, opts);
    const { exporters, scrapeSeconds, keepData, retention } = settings;
    const hosts = Object.keys(cluster.nodes)
      .sort()
      .map((hostName) => cluster.nodes[hostName]?.host ?? cluster.manager);
    const own = (image: string, nodes: Host[]) =>
      new ServiceImage(
        `${image}-image`,
        { image, ...config.images, host: cluster.manager, nodes },
        { parent: this },
      );
    const [watcher = cluster.manager] = cluster.hostsWith("observe");
    const image = own("prometheus", [watcher]);
    const perHost = exporters.node || exporters.containers;
    const some = perHost || exporters.postgres || exporters.bridge || exporters.blackbox;
    const site = probedSite(config);
    const probes = exporters.blackbox ? probesOf(site, probedServers(config)) : [];
    if (some) {
      const common = {
        image: own("exporters", perHost ? hosts : [watcher, cluster.dataHost]),
        scrapeSeconds,
      };
      for (const host of hosts) {
        // systemd makes a server's file systems shared; of the local engine nobody knows.
        const one = { ...common, host, follow: host instanceof Vps };
        if (exporters.node) {
          const textfiles = this.textfiles(host, settings, nodes);
          nodeExporter(`node-${host.name}`, cluster, { ...one, textfiles }, this);
        }
        if (exporters.containers) containersExporter(`containers-${host.name}`, cluster, one, this);
      }
      if (exporters.postgres) {
        postgresExporter("postgres-exporter", cluster, { ...common, postgres: chat.postgres }, this);
      }
      const { pooler } = chat;
      if (pooler?.passfile !== undefined) {
        poolerExporter("pooler-exporter", cluster, { ...common, pooler, passfile: pooler.passfile }, this);
      }
      if (exporters.bridge) {
        bridgeExporter("bridge-exporter", cluster, { ...common, bridge: chat.bridge.workload }, this);
      }
      if (exporters.blackbox) {
        blackboxExporter("blackbox", cluster, { ...common, site, authority: chat.authority }, this);
      }
    }
    const loki = collectLogs(cluster, config, settings, this);
    const alertmanager = new Alertmanager(
      "alertmanager",
      cluster,
      { image, settings: renderAlertmanagerYml(settings.alerts, reveal), keepData },
      { parent: this },
    );
    // It is asked by Prometheus, which is made last and so knows where all are.
    const prometheus = `${stackName("prometheus")}:9090`;
    const shown = {
      ...{ scrapeSeconds, keepData, prometheus },
      ...{ alertmanager: alertmanager.address, loki: loki?.address },
    };
    this.grafana = showPages(cluster, config, settings, shown, this)?.admin;
    new Prometheus(
      "prometheus",
      cluster,
      {
        image,
        machine: watcher.facts,
        scrapeSeconds,
        rules: ruleFiles({
          jobs: [...jobsOf(cluster, probes), "prometheus"],
          machines: cluster.hostsWith("edge").map(({ facts }) => facts),
          postgresConnections: config.chat.postgres.maxConnections,
          bridgeUsesMycelium: chat.bridge.usesMycelium,
          runbooks: settings.alerts.runbooks,
        }),
        retentionDays: retention.days,
        diskMiB: retention.diskMiB,
        keepData,
        probes,
        blackbox: `${stackName("blackbox")}:9115`,
        alertmanager: alertmanager.address,
      },
      { parent: this },
    );
    this.registerOutputs({ grafana: this.grafana });
  }

  /** What makes the files on a host that its node exporter hands out. */
  private textfiles(
    host: Host,
    { exporters, scrapeSeconds }: ObservabilityConfig,
    nodes: ReadonlyMap<string, MyceliumNode>,
  ): pulumi.Resource[] {
    const after = nodes.get(host.name);
    return exporters.mycelium && after !== undefined && host instanceof Vps
      ? [myceliumFigures(`${host.name}-mycelium-figures`, { host, scrapeSeconds, after }, { parent: this })]
      : [];
  }
}
