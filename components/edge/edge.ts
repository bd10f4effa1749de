import * as pulumi from "@pulumi/pulumi";
import { imageUids } from "../config/versions";
import { Image } from "../images/serviceImage";
import { edgeMemoryMiB, Machine } from "../sizing/sizing";
import { Cluster } from "../swarm/cluster";
import { ConfigFile, SecretFile } from "../swarm/files";
import { Workload, WorkloadArgs } from "../swarm/workload";
import { Certificate } from "./certificate";
import { EdgeSettings, renderNginxConf, rolloutsPath, siteAuthority } from "./render";
import { Rollout, RolloutArgs, rolloutsDirectory } from "./rollout";

/** Where the exporters beside Nginx tell its figures, and what they are: Debian packages of the image. */
const edgePorts = { connections: 9113, requests: 3903 } as const;
export const figuresPackages = ["mtail", "prometheus-nginx-exporter"];

export interface EdgeArgs extends EdgeSettings {
  image: Image;
  certificate: Certificate;
  /** Published HTTP port. */
  httpPort: number;
  /** The hosts that run it, one at least: the memory limit follows from the most CPUs among them. */
  machines: pulumi.Input<Machine>[];
  /** The workloads behind it whose new versions come as sets of their own. @default none */
  rollouts?: Omit<RolloutArgs, "domain">[];
}

/**
 * Nginx, the one service with published ports: TLS, HTTP to HTTPS, and each path to its service's replicas. It
 * holds its ports, so a change of it closes them for the seconds between the old and the new container. A rollout
 * changes a file of the host instead, which Nginx reads anew while it serves. `destroy` removes it.
 */
export class Edge extends pulumi.ComponentResource {
  /** `https://<domain>` with the port unless it is 443. */
  readonly url: string;

  constructor(name: string, cluster: Cluster, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:edge:Edge", name, {}, opts);
    this.url = `https://${siteAuthority(args.domain, args.httpsPort)}`;
    const uid = imageUids.edge;
    const config = (role: string, content: pulumi.Input<string>) =>
      new ConfigFile(`${name}-${role}`, cluster, { content }, { parent: this });
    const key = new SecretFile(
      `${name}-tls-key`,
      cluster,
      { content: args.certificate.privateKey },
      { parent: this },
    );
    const rollouts = (args.rollouts ?? []).map(
      (one) =>
        new Rollout(
          `${name}-${one.workload.name}`,
          cluster,
          { ...one, domain: args.domain },
          { parent: this },
        ),
    );
    new Workload(
      name,
      cluster,
      {
        image: args.image,
        metrics: args.figures
          ? [
              { job: "nginx", port: edgePorts.connections },
              { job: "nginx", port: edgePorts.requests },
            ]
          : { none: "it was not asked to count" },
        env: args.figures ? { FIGURES: "yes" } : undefined,
        role: "edge",
        replicas: cluster.hostsWith("edge").length,
        configs: [
          { config: config("nginx-conf", renderNginxConf(args)), path: "/etc/nginx/nginx.conf", uid },
          { config: config("tls-crt", args.certificate.chain), path: "/etc/hypha/tls.crt", uid },
        ],
        secrets: [{ secret: key, path: "/run/secrets/tls.key", uid }],
        ports: [
          { target: 8080, published: args.httpPort },
          { target: 8443, published: args.httpsPort },
        ],
        memoryMiB: pulumi
          .all(args.machines)
          .apply(edgeMemoryMiB)
          .apply((size) => (args.figures ? size + 64 : size)),
        ...(rollouts.length > 0 ? this.readingRollouts(cluster, rollouts) : {}),
      },
      { parent: this },
    );
    this.registerOutputs({ url: this.url });
  }

  /** Nginx lets the requests of before a rollout take their time; when it is to end itself, that would be too long. */
  private readingRollouts(cluster: Cluster, rollouts: Rollout[]): Partial<WorkloadArgs> {
    const [host = cluster.manager] = cluster.hostsWith("edge");
    return {
      hostMounts: [{ source: rolloutsDirectory(host), path: rolloutsPath, follow: false }],
      after: rollouts.flatMap(({ done }) => done),
      stopSignal: "SIGTERM",
    };
  }
}
