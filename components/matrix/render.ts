import { stringify } from "yaml";

export interface HomeserverSettings {
  /** Matrix server name, the part after the colon in `@user:name`. */
  serverName: string;
  /** Where clients reach it, `https://…/`. */
  publicUrl: string;
  database: string;
  role: string;
  /** How much of its data it keeps in memory; 1 is what its authors gave each cache. */
  cacheFactor: number;
  /** Port on which it tells its figures. @default none */
  metricsPort?: number;
}

/** Synapse's configuration. Keys and secrets are files beside it. */
export function renderHomeserverYaml(settings: HomeserverSettings): string {
  return stringify({
    server_name: settings.serverName,
    public_baseurl: settings.publicUrl,
    pid_file: "/tmp/homeserver.pid",
    report_stats: false,
    ...(settings.metricsPort === undefined ? {} : { enable_metrics: true }),
    enable_registration: false,
    registration_shared_secret_path: "/run/secrets/registration_shared_secret",
    macaroon_secret_key_path: "/run/secrets/macaroon_secret_key",
    form_secret_path: "/run/secrets/form_secret",
    signing_key_path: "/run/secrets/signing_key",
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    media_store_path: "/data/media",
    log_config: "/etc/synapse/log.yaml",
    caches: { global_factor: settings.cacheFactor },
    database: {
      name: "psycopg2",
      args: {
        user: settings.role,
        dbname: settings.database,
        host: "/run/postgresql",
        cp_min: 2,
        cp_max: 10,
      },
    },
    listeners: [
      {
        port: 8008,
        bind_addresses: ["0.0.0.0"],
        type: "http",
        tls: false,
        x_forwarded: true,
        // The name that the edge gave the request is in every line that the request leads to.
        request_id_header: "X-Request-ID",
        resources: [{ names: ["client", "federation"], compress: false }],
      },
      ...(settings.metricsPort === undefined
        ? []
        : [{ port: settings.metricsPort, bind_addresses: ["0.0.0.0"], type: "metrics", tls: false }]),
    ],
  });
}

export function renderHomeserverLog(): string {
  return stringify({
    version: 1,
    formatters: { plain: { format: "%(asctime)s %(levelname)s %(name)s %(request)s %(message)s" } },
    handlers: { console: { class: "logging.StreamHandler", formatter: "plain", stream: "ext://sys.stderr" } },
    loggers: { "synapse.storage.SQL": { level: "INFO" } },
    root: { level: "INFO", handlers: ["console"] },
    disable_existing_loggers: false,
  });
}

/** Synapse's signing key file: algorithm, key version, the 32 byte seed in unpadded base64. */
export function renderSigningKey(seedBase64: string): string {
  return `ed25519 a_hypha ${seedBase64.replace(/=+$/, "")}\n`;
}
