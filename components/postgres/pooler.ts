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
  renderPassfile,
  renderPoolerHba,
  renderPoolerIni,
  renderUserlist,
} from "./poolerRender";
import { Postgres } from "./postgres";
import { monitor } from "./render";

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
 * without passwords. Where it is `monitored`, one more account may ask its console. `destroy` removes it and forgets the
 * passwords.
 */
export class Pooler extends pulumi.ComponentResource {
  readonly workload: Workload;
  readonly database: PoolerSettings["database"];
  /** PgBouncer's list of the one user and its password, for the clients' own pooler. */
  readonly users: SecretFile;
  /** PEM of the authority that clients check the pooler's certificate by. */
  readonly authority: ConfigFile;
  /** The password of the account that may ask the console, as libpq takes it; undefined where nobody does. */
  readonly passfile: SecretFile | undefined;

  constructor(name: string, cluster: Cluster, args: PoolerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:postgres:Pooler", name, {}, opts);
    const { database, certificate, monitored = false } = args;
    const uid = imageUids.pooler;
    const config = (role: string, content: pulumi.Input<string>) =>
      new ConfigFile(`${name}-${role}`, cluster, { content }, { parent: this });
    const secret = (role: string, content: pulumi.Input<string>) =>
      new SecretFile(`${name}-${role}`, cluster, { content }, { parent: this });
    const password = (role: string) =>
      new random.RandomPassword(`${name}-${role}`, { length: 40, special: false }, { parent: this }).result;
    this.database = database;
    const user = password("password").apply((text) => renderUserlist(database.owner, text));
    this.users = secret("users", user);
    const watcher = monitored ? password("monitor-password") : undefined;
    const passfile = watcher?.apply((text) => renderPassfile(stackName(name), text));
    this.passfile = passfile && secret("monitor-pgpass", passfile);
    // What clients mount holds no password but theirs.
    const more = watcher?.apply((text) => renderUserlist(monitor.owner, text));
    const users = more === undefined ? this.users : secret("all-users", pulumi.concat(user, more));
    this.authority = config("ca-crt", certificate.authority);
    this.workload = new Workload(
      name,
      cluster,
      {
        image: args.image,
        metrics: { none: "the pooler's exporter asks its console" },
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
          {
            config: config("pg-hba-conf", renderPoolerHba(database, monitored)),
            path: poolerFiles.access,
            uid,
          },
          { config: config("tls-crt", certificate.chain), path: poolerFiles.certificate, uid },
          { config: this.authority, path: poolerFiles.authority, uid },
        ],
        secrets: [
          { secret: secret("tls-key", certificate.privateKey), path: poolerFiles.key, uid },
          { secret: users, path: poolerFiles.users, uid },
        ],
        memoryMiB: args.memoryMiB ?? 128,
        after: [args.postgres],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
