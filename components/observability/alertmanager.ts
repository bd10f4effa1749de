import * as pulumi from "@pulumi/pulumi";
import { imageUids } from "../config/versions";
import { Image } from "../images/serviceImage";
import { Cluster } from "../swarm/cluster";
import { SecretFile } from "../swarm/files";
import { Workload } from "../swarm/workload";
import { healthEnv } from "./health";
import { observedVolume } from "./prometheus";

export interface AlertmanagerArgs {
  image: Image;
  /** alertmanager.yml; a secret, for receivers' addresses often are. */
  settings: pulumi.Input<string>;
  /** Leave silences and what was sent where they are when the stack goes. */
  keepData: boolean;
}

const port = 9093;

/**
 * Alertmanager on the host with the role observe, reached on the stack's network only. `destroy` removes it, and its
 * silences only where `keepData` is false.
 */
export class Alertmanager extends pulumi.ComponentResource {
  /** `name:port` on the stack's network. */
  readonly address: string;

  constructor(
    name: string,
    cluster: Cluster,
    args: AlertmanagerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hypha:observability:Alertmanager", name, {}, opts);
    const settings = new SecretFile(`${name}-yml`, cluster, { content: args.settings }, { parent: this });
    const data = observedVolume(`${name}-data`, cluster, args.keepData, this);
    const workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        role: "observe",
        metrics: [{ job: "alertmanager", port }],
        command: [
          "/usr/local/bin/prometheus-alertmanager",
          "--config.file=/run/secrets/alertmanager.yml",
          "--storage.path=/alertmanager",
          // Silences, and who was told what, are written down this often; by its default, a kill loses a quarter of an hour.
          "--data.maintenance-interval=1m",
          // One alone gossips with nobody.
          "--cluster.listen-address=",
        ],
        env: healthEnv(port, "/-/ready", "OK"),
        secrets: [{ secret: settings, path: "/run/secrets/alertmanager.yml", uid: imageUids.prometheus }],
        volumes: [{ volume: data.name, path: "/alertmanager" }],
        memoryMiB: 128,
      },
      { parent: this },
    );
    this.address = `${workload.hostname}:${port}`;
    this.registerOutputs({});
  }
}
