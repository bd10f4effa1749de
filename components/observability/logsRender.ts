import { stringify } from "yaml";

/** Where Promtail listened; Alloy took its place. */
export const alloyPort = 9080;
export const lokiPort = 3100;

/** One Loki, whose data are files on its volume; what is older than `days` goes. */
export function renderLokiYml({ days }: { days: number }): string {
  const kept = `${days * 24}h`;
  return stringify({
    // One tenant: nothing but the stack's own network reaches it.
    auth_enabled: false,
    server: {
      http_listen_port: lokiPort,
      // It speaks to itself only.
      grpc_listen_address: "127.0.0.1",
      log_level: "warn",
    },
    common: {
      instance_addr: "127.0.0.1",
      path_prefix: "/loki",
      replication_factor: 1,
      ring: { kvstore: { store: "inmemory" } },
      storage: { filesystem: { chunks_directory: "/loki/chunks", rules_directory: "/loki/rules" } },
    },
    schema_config: {
      configs: [
        {
          // Before the first line of any stack: it can never change for what is stored.
          from: "2024-01-01",
          store: "tsdb",
          object_store: "filesystem",
          schema: "v13",
          index: { prefix: "index_", period: "24h" },
        },
      ],
    },
    // What is stored stays readable: another client names files otherwise, and Loki 4.0 takes that one by default.
    storage_config: { use_thanos_objstore: false },
    compactor: {
      working_directory: "/loki/compactor",
      retention_enabled: true,
      delete_request_store: "filesystem",
    },
    limits_config: {
      retention_period: kept,
      // What a server wrote while it could not reach Loki is still taken.
      reject_old_samples_max_age: kept,
      max_line_size_truncate: true,
      // The label service says it.
      discover_service_name: [],
    },
    analytics: { reporting_enabled: false },
  });
}

export interface AlloySettings {
  stack: string;
  /** The server's name in the configuration. */
  host: string;
  /** Loki, `name:port`. */
  loki: string;
  /** Whether the server's journal is collected. */
  journal: boolean;
}

/** Where Alloy sees the server's files. */
export const alloyPaths = { containers: "/host/containers", log: "/host/log", data: "/data" } as const;

/** A text as Alloy's syntax writes it, which is Go's. */
const text = (value: string): string => JSON.stringify(value);

/** As `alloy fmt` indents. */
const formatted = (lines: string): string =>
  lines.replace(/^(?: {2})+/gm, (spaces) => "\t".repeat(spaces.length / 2));

/** The server's own units, as systemd kept their lines. A session's number would be a stream of its own. */
const journal = `
loki.relabel "journal" {
  forward_to = []

  rule {
    source_labels = ["__journal__systemd_unit"]
    target_label  = "unit"
  }

  rule {
    source_labels = ["__journal__systemd_unit"]
    regex         = "session-.*\\\\.scope"
    replacement   = "session.scope"
    target_label  = "unit"
  }

  rule {
    source_labels = ["__journal_priority_keyword"]
    target_label  = "level"
  }
}

loki.source.journal "host" {
  path          = ${text(`${alloyPaths.log}/journal`)}
  max_age       = "24h"
  labels        = {service = "host"}
  relabel_rules = loki.relabel.journal.rules
  forward_to    = [loki.process.journal.receiver]
}

loki.process "journal" {
  forward_to = [loki.write.loki.receiver]

  // systemd says so of each look at a container's health, several times a second.
  stage.drop {
    expression          = ${text(String.raw`^run-docker-runtime.+\.mount: (Deactivated successfully|Succeeded)\.$`)}
    drop_counter_reason = "health"
  }

  // Alloy gives it the component's name, whatever its labels say.
  stage.static_labels {
    values = {job = "journal"}
  }
}
`;

/**
 * Alloy on one server: every line of the stack's containers, as the engine keeps it in files, and the journal. Labels are
 * stack, host, service, job, and stream and task or unit and level. The task is one because Loki takes lines of one set of
 * labels in order, an hour late at most: files of several containers are read at once. Nothing asks the Docker API:
 * each line of the file says who wrote it.
 */
export function renderAlloy({ stack, host, loki, journal: units }: AlloySettings): string {
  return formatted(`logging {
  level = "warn"
}

local.file_match "containers" {
  path_targets = [{"__path__" = ${text(`${alloyPaths.containers}/*/*-json.log`)}}]
}

loki.source.file "containers" {
  targets    = local.file_match.containers.targets
  forward_to = [loki.process.containers.receiver]

  // Otherwise it looks at each file four times a second, which is most of what it takes.
  file_watch {
    min_poll_frequency = "1s"
    max_poll_frequency = "5s"
  }
}

loki.process "containers" {
  forward_to = [loki.write.loki.receiver]

  stage.json {
    expressions = {
      line   = "log",
      stream = "",
      time   = "",
      task   = "attrs.\\"com.docker.swarm.task.name\\"",
      writer = "attrs.\\"com.docker.swarm.service.name\\"",
    }
  }

  stage.regex {
    source     = "writer"
    expression = ${text(`^hypha-${stack}-(?P<service>.+)$`)}
  }

  stage.labels {
    values = {service = "", stream = "", task = ""}
  }

  // Of another stack, or of none.
  stage.match {
    selector = "{service=\\"\\"}"
    action   = "drop"
  }

  stage.static_labels {
    values = {job = "containers"}
  }

  // The file's path is another one for each container.
  stage.label_drop {
    values = ["filename"]
  }

  stage.timestamp {
    source = "time"
    format = "RFC3339Nano"
  }

  stage.template {
    source   = "line"
    template = "{{ TrimSuffix .Value \\"\\\\n\\" }}"
  }

  stage.output {
    source = "line"
  }
}
${units ? journal : ""}
loki.write "loki" {
  endpoint {
    url = ${text(`http://${loki}/loki/api/v1/push`)}

    // Nothing is given up while Loki is away: the lines wait in their files.
    max_backoff_period  = "1m"
    max_backoff_retries = 0
  }

  external_labels = {stack = ${text(stack)}, host = ${text(host)}}
}
`);
}
