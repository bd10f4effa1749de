import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { imageUids } from "../config/versions";
import { Certificate } from "../edge/certificate";
import { Image } from "../images/serviceImage";
import { Cluster } from "../swarm/cluster";
import { ConfigFile, SecretFile } from "../swarm/files";
import { stackName } from "../swarm/naming";
import { Workload } from "../swarm/workload";
import {
  poolerFiles,
  poolerPort,
  PoolerSettings,
  renderPoolerHba,
  renderPoolerIni,
  renderUserlist,
} from "./poolerRender";
import { Postgres } from "./postgres";

export interface PoolerArgs extends PoolerSettings {
  image: Image;
  /** Must let the pooler's account in as the database's owner. */
  postgres: Postgres;
  /** For the pooler's DNS name, `stackName(name)`; clients trust its authority and no other. */
  certificate: Certificate;
  /** Memory limit in MiB. @default 128 */
  memoryMiB?: number;
}

/**
 * The way to one database of Postgres from other hosts: PgBouncer on the data host, TLS 1.3 and a generated password
 * towards its clients, Postgres' socket and peer authentication behind. Postgres itself stays without a network and
 * without passwords. `destroy` removes it and forgets the password.
 */
export class Pooler extends pulumi.ComponentResource {
  readonly workload: Workload;
  readonly database: PoolerSettings["database"];
  /** PgBouncer's list of the one user and its password, for the clients' own pooler. */
  readonly users: SecretFile;
  /** PEM of the authority that clients check the pooler's certificate by. */
  readonly authority: ConfigFile;

  constructor(name: string, cluster: Cluster, args: PoolerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:postgres:Pooler", name, {}, opts);
    const { database, certificate } = args;
    const uid = imageUids.pooler;
    const config = (role: string, content: pulumi.Input<string>) =>
      new ConfigFile(`${name}-${role}`, cluster, { content }, { parent: this });
    const secret = (role: string, content: pulumi.Input<string>) =>
      new SecretFile(`${name}-${role}`, cluster, { content }, { parent: this });
    const password = new random.RandomPassword(
      `${name}-password`,
      { length: 40, special: false },
      { parent: this },
    ).result;
    this.database = database;
    this.users = secret(
      "users",
      password.apply((text) => renderUserlist(database.owner, text)),
    );
    this.authority = config("ca-crt", certificate.authority);
    this.workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        metrics: { none: "no exporter asks PgBouncer yet: its console would need one more login" },
        // The socket is on the node that has the database.
        role: "data",
        // The health check is a client.
        env: {
          PGHOST: stackName(name),
          PGPORT: String(poolerPort),
          PGUSER: database.owner,
          PGDATABASE: database.name,
        },
        volumes: [args.postgres.socket],
        configs: [
          { config: config("pgbouncer-ini", renderPoolerIni(args)), path: poolerFiles.settings, uid },
          { config: config("pg-hba-conf", renderPoolerHba(database)), path: poolerFiles.access, uid },
          { config: config("tls-crt", certificate.chain), path: poolerFiles.certificate, uid },
          { config: this.authority, path: poolerFiles.authority, uid },
        ],
        secrets: [
          { secret: secret("tls-key", certificate.privateKey), path: poolerFiles.key, uid },
          { secret: this.users, path: poolerFiles.users, uid },
        ],
        memoryMiB: args.memoryMiB ?? 128,
        after: [args.postgres],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
