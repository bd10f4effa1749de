import * as pulumi from "@pulumi/pulumi";
import { StackConfig } from "../config/schema";
import { imageUids } from "../config/versions";
import { OwnCertificate } from "../edge/certificate";
import { Edge, figuresPackages } from "../edge/edge";
import { siteAuthority } from "../edge/render";
import { Image, ServiceImage } from "../images/serviceImage";
import { Application, applicationImage } from "../matrix/application";
import { Bridge } from "../matrix/bridge";
import { Frontend } from "../matrix/frontend";
import { Gateway, GatewayDatabase } from "../matrix/gateway";
import { Homeserver } from "../matrix/homeserver";
import { MyceliumNode } from "../mycelium/mycelium";
import { Pooler, PoolerArgs } from "../postgres/pooler";
import { Postgres } from "../postgres/postgres";
import { Cluster, NodeRole } from "../swarm/cluster";
import { stackName } from "../swarm/naming";
import { besideData, gatewayDatabase, homeserverDatabase } from "./chatDatabases";
import { chatRoutes } from "./chatRoutes";
import { apiOnEach } from "./mycelium";

/**
 * The Matrix-over-Mycelium chat. After `up` people open the site, log in and write to each other. `destroy` removes
 * it, but for the volumes that `chat.postgres.keepData` keeps.
 */
export class Chat extends pulumi.ComponentResource {
  readonly url: string;
  /** PEM of the authority that clients must trust. */
  readonly authority: pulumi.Output<string>;
  /** What others watch. */
  readonly postgres: Postgres;
  readonly pooler: Pooler | undefined;
  readonly bridge: Bridge;
  readonly admin: { user: string; password: pulumi.Output<string> };
  /** Image reference and id of each part. */
  readonly images: pulumi.Output<Record<string, { reference: string; id: string }>>;

  constructor(
    name: string,
    cluster: Cluster,
    config: StackConfig,
    nodes: ReadonlyMap<string, MyceliumNode> = new Map(),
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hypha:systems:Chat", name, {}, opts);
    const { chat, edge, images, release } = config;
    const child = { parent: this };
    const host = cluster.manager;
    const site = siteAuthority(edge.domain, edge.ports.https);

    const watched = config.observability?.exporters;
    const monitored = watched?.postgres ?? false;
    const own = (image: string, role: NodeRole, packages?: string[]): Image =>
      new ServiceImage(
        `${image}-image`,
        { image, packages, ...images, host, nodes: cluster.hostsWith(role) },
        child,
      );
    const application = (part: Application, role: NodeRole) => ({
      image: applicationImage(
        `${part}-image`,
        part,
        {
          source: chat[part].source,
          tag: release.images[part],
          ...{ images, host, nodes: cluster.hostsWith(role) },
        },
        child,
      ),
      replicas: chat[part].replicas,
      env: chat[part].env,
      strategy: chat[part].strategy,
      ...chat[part].resources,
    });
    // The pooler stands in for a gateway that Postgres' socket does not reach.
    const bySocket = besideData(config.hosts);
    const parts = {
      postgres: own("postgres", "data"),
      homeserver: own("homeserver", "data"),
      edge: own("edge", "edge", watched?.nginx ? figuresPackages : undefined),
    };
    const applications = {
      bridge: application("bridge", "app"),
      gateway: application("gateway", bySocket ? "data" : "app"),
      frontend: application("frontend", "app"),
    };

    this.postgres = new Postgres(
      "postgres",
      cluster,
      {
        image: parts.postgres,
        machine: cluster.dataHost.facts,
        databases: [
          { ...gatewayDatabase, uid: bySocket ? imageUids.gateway : imageUids.pooler },
          homeserverDatabase,
        ],
        monitored,
        ...chat.postgres,
        ...chat.postgres.resources,
      },
      child,
    );
    const { postgres } = this;
    const homeserver = new Homeserver(
      "homeserver",
      cluster,
      {
        image: parts.homeserver,
        machine: cluster.dataHost.facts,
        postgres,
        serverName: chat.serverName,
        publicUrl: `https://${site}/`,
        database: homeserverDatabase.name,
        role: homeserverDatabase.owner,
        admin: chat.admin,
        keepData: chat.postgres.keepData,
        metricsPort: watched?.synapse ? 9000 : undefined,
        ...chat.homeserver.resources,
      },
      child,
    );
    const mycelium = apiOnEach(cluster.hostsWith("app"), nodes);
    this.bridge = new Bridge("bridge", cluster, { ...applications.bridge, homeserver, mycelium }, child);
    const poolerImage = bySocket ? undefined : own("pooler", "data");
    this.pooler =
      poolerImage && this.makePooler(cluster, config, { image: poolerImage, postgres, monitored });
    const database: GatewayDatabase =
      this.pooler === undefined ? { kind: "socket", postgres } : { kind: "network", pooler: this.pooler };
    const gateway = new Gateway("gateway", cluster, { ...applications.gateway, database }, child);
    const frontend = new Frontend("frontend", cluster, applications.frontend, child);

    const certificate = new OwnCertificate(
      "certificate",
      { names: [edge.domain, ...edge.aliases], ...edge.tls },
      child,
    );
    const proxy = new Edge(
      "edge",
      cluster,
      {
        image: parts.edge,
        figures: watched?.nginx ?? false,
        machines: cluster.hostsWith("edge").map(({ facts }) => facts),
        certificate,
        domain: edge.domain,
        aliases: edge.aliases,
        httpPort: edge.ports.http,
        httpsPort: edge.ports.https,
        ...chatRoutes({ frontend, gateway, bridge: this.bridge, homeserver }),
        documents: {
          "/.well-known/matrix/client": { "m.homeserver": { base_url: `https://${site}` } },
          "/.well-known/matrix/server": { "m.server": `${edge.domain}:${edge.ports.https}` },
        },
      },
      child,
    );

    this.url = proxy.url;
    this.authority = certificate.authority;
    this.admin = { user: `@${chat.admin}:${chat.serverName}`, password: homeserver.adminPassword };
    const all: Record<string, Image> = {
      ...parts,
      ...(poolerImage === undefined ? {} : { pooler: poolerImage }),
      bridge: applications.bridge.image,
      gateway: applications.gateway.image,
      frontend: applications.frontend.image,
    };
    this.images = pulumi
      .all(
        Object.entries(all).map(([part, image]) =>
          image.imageId.apply((id) => [part, image.reference, id] as const),
        ),
      )
      .apply((rows) => Object.fromEntries(rows.map(([part, reference, id]) => [part, { reference, id }])));
    this.registerOutputs({
      url: this.url,
      authority: this.authority,
      admin: this.admin,
      images: this.images,
    });
  }

  /** Half of Postgres' connections are the gateway's: the other half is the homeserver's (10) and the operator's. */
  private makePooler(
    cluster: Cluster,
    config: StackConfig,
    args: Pick<PoolerArgs, "image" | "postgres" | "monitored">,
  ): Pooler {
    const { tls } = config.edge;
    // An authority of its own, so that what a browser trusts opens no database; nobody but the gateway and the exporter
    // sees the certificate, which lives as long as the authority lets it.
    const certificate = new OwnCertificate(
      "pooler-certificate",
      { names: [stackName("pooler")], ...tls, validityDays: Math.floor(tls.caValidityDays / 2) },
      { parent: this },
    );
    const connections = Math.floor(config.chat.postgres.maxConnections / 2);
    return new Pooler(
      "pooler",
      cluster,
      { ...args, certificate, database: gatewayDatabase, connections },
      { parent: this },
    );
  }
}
