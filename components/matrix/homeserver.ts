import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { imageUids } from "../config/versions";
import { Image } from "../images/serviceImage";
import { Postgres } from "../postgres/postgres";
import { homeserverSizes, Machine } from "../sizing/sizing";
import { Cluster } from "../swarm/cluster";
import { stackLabels, stackName } from "../swarm/naming";
import { ConfigFile, SecretFile } from "../swarm/files";
import { Workload } from "../swarm/workload";
import { HomeserverSettings, renderHomeserverLog, renderHomeserverYaml, renderSigningKey } from "./render";

export interface HomeserverArgs extends Omit<HomeserverSettings, "cacheFactor"> {
  image: Image;
  /** The host that runs it: the memory limit and the caches follow from it. */
  machine: pulumi.Input<Machine>;
  postgres: Postgres;
  /** User name of the administrator made on the first start. */
  admin: string;
  /** Leave the media volume where it is when the stack goes. */
  keepData: boolean;
  /** Memory limit in MiB. @default an eighth of the host, 768 at least */
  memoryMiB?: number;
  cpus?: number;
}

/**
 * The Matrix homeserver: Synapse on the stack's Postgres, by its socket and so always on the data host, where its media
 * are, too. After `up` it answers, registration is closed and the
 * administrator exists. `destroy` removes it and its keys, which stay in Pulumi's history only; media are kept with
 * `keepData`.
 */
export class Homeserver extends pulumi.ComponentResource {
  readonly workload: Workload;
  readonly adminPassword: pulumi.Output<string>;

  constructor(name: string, cluster: Cluster, args: HomeserverArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:matrix:Homeserver", name, {}, opts);
    const uid = imageUids.homeserver;
    const password = (role: string) =>
      new random.RandomPassword(`${name}-${role}`, { length: 40, special: false }, { parent: this }).result;
    // Its seed is the server's identity towards other servers.
    const signingSeed = new random.RandomBytes(`${name}-signing-seed`, { length: 32 }, { parent: this })
      .base64;
    this.adminPassword = password("admin-password");
    const secrets = Object.entries({
      admin_password: this.adminPassword,
      form_secret: password("form-secret"),
      macaroon_secret_key: password("macaroon-key"),
      registration_shared_secret: password("registration-secret"),
      signing_key: pulumi.secret(signingSeed).apply(renderSigningKey),
    }).map(([file, content]) => ({
      secret: new SecretFile(`${name}-${file.replaceAll("_", "-")}`, cluster, { content }, { parent: this }),
      path: `/run/secrets/${file}`,
      uid,
    }));
    const config = (file: string, content: pulumi.Input<string>) => ({
      config: new ConfigFile(`${name}-${file.replace(".", "-")}`, cluster, { content }, { parent: this }),
      path: `/etc/synapse/${file}`,
      uid,
    });
    const media = new docker.Volume(
      `${name}-media`,
      { name: stackName(`${name}-media`), labels: stackLabels() },
      {
        parent: this,
        provider: cluster.dataHost.provider,
        dependsOn: cluster.nodesWith("data"),
        retainOnDelete: args.keepData,
      },
    );
    const sizes = pulumi.output(args.machine).apply((machine) => homeserverSizes(machine, args));
    this.workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        metrics:
          args.metricsPort === undefined
            ? { none: "it was not asked to count" }
            : [{ job: "synapse", port: args.metricsPort, path: "/_synapse/metrics" }],
        role: "data",
        env: { ADMIN_USER: args.admin },
        secrets,
        configs: [
          config(
            "homeserver.yaml",
            sizes.apply(({ cacheFactor }) => renderHomeserverYaml({ ...args, cacheFactor })),
          ),
          config("log.yaml", renderHomeserverLog()),
        ],
        volumes: [args.postgres.socket, { volume: media.name, path: "/data" }],
        memoryMiB: sizes.memoryMiB,
        cpus: args.cpus,
        startSeconds: 90,
        stopSeconds: 30,
        after: [args.postgres],
      },
      { parent: this },
    );
    this.registerOutputs({ adminPassword: this.adminPassword });
  }
}
