import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as runtimeConfig from "@pulumi/pulumi/runtime/config";
import { treeDigest } from "../images/context";
import { fileDigest } from "../mycelium/program";
import { expandHome } from "../shell/home";
import { secretVariables } from "./alerts";
import { explain, findPlaceholders, formatPath, formatProblem, renamedKeys } from "./problems";
import type { Problem, RenamedKeys } from "./problems";
import { stack } from "./schema";
import type { StackConfig } from "./schema";
import type { Source } from "./source";
import type { UpstreamSource } from "./upstream";

/** The SDK has it, but leaves it out of its types. */
const { isConfigSecret } = runtimeConfig as unknown as { isConfigSecret: (key: string) => boolean };

/** Every problem of a configuration at once. Pulumi prints its message without a stack trace. */
export class ConfigError extends pulumi.RunError {
  constructor(readonly problems: readonly Problem[]) {
    super(
      `the configuration of this stack has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n` +
        problems.map((problem) => `  ${formatProblem(problem)}`).join("\n"),
    );
    this.name = "ConfigError";
  }
}

/** What the rules need from outside the configuration. */
export interface ParseContext {
  /** Renamed keys. Default: the project's own table. */
  readonly renamed?: RenamedKeys;
}

/**
 * Checks raw configuration: keys without the `hypha:` prefix, values plain or as the JSON text that Pulumi hands over.
 * Pure: reads nothing but its arguments. Throws a ConfigError with all problems.
 */
export function parseConfig(raw: Readonly<Record<string, unknown>>, context: ParseContext = {}): StackConfig {
  const { sections, problems } = readSections(raw);
  const placeholders = findPlaceholders(sections);
  const result = stack.safeParse(sections);
  const question = { schema: stack, raw: sections, renamed: context.renamed ?? renamedKeys };
  const broken = [...problems, ...placeholders.map(({ problem }) => problem)];
  const explained = (result.error?.issues ?? []).flatMap((issue) => explain(issue, question));
  const rest = explained.filter(({ path }) => !broken.some((known) => path === known.path));
  if (result.data === undefined || broken.length + rest.length > 0) {
    throw new ConfigError([...broken, ...rest]);
  }
  return deepFreeze(result.data);
}

/** The configuration of the running stack, checked against the machine it runs on too. Throws a ConfigError. */
export function loadConfig(): StackConfig {
  const raw: Record<string, string> = {};
  const secrets: Problem[] = [];
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith("hypha:")) {
      raw[key.slice("hypha:".length)] = value;
      if (isConfigSecret(key)) {
        secrets.push({
          path: key,
          what: "is or holds an encrypted value",
          fix: "write it plain: Hypha makes its own secrets, and env is no place for one",
        });
      }
    }
  }
  if (secrets.length > 0) {
    throw new ConfigError(secrets);
  }
  const config = parseConfig(raw);
  const missing = missingPaths(config);
  if (missing.length > 0) {
    throw new ConfigError(missing);
  }
  return config;
}

/** SHA-256 in hex over the configuration; the order of keys does not matter. */
export function configHash(config: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sortKeys(config)))
    .digest("hex");
}

function readSections(raw: Readonly<Record<string, unknown>>): {
  sections: Record<string, unknown>;
  problems: Problem[];
} {
  const problems: Problem[] = [];
  const read = (key: string, value: unknown): unknown => {
    if (typeof value !== "string") {
      return value;
    }
    try {
      return JSON.parse(value) as unknown;
    } catch {
      if (Object.hasOwn(stack.in.shape, key)) {
        problems.push({
          path: formatPath([key]),
          what: "is a text, not a map of keys",
          fix: `write a YAML map in the stack file, or pulumi config set --path 'hypha:${key}.<key>' <value>`,
        });
      }
      return value;
    }
  };
  const sections = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, read(key, value)]));
  return { sections, problems };
}

function missingPaths(config: StackConfig): Problem[] {
  const problems: Problem[] = [];
  for (const [path, source] of sources(config)) {
    if (source?.kind !== "artifacts" || source.path === undefined) {
      continue;
    }
    const directory = resolve(expandHome(source.path));
    if (!isKind(directory, "directory")) {
      problems.push({
        path: formatPath([...path, "source", "path"]),
        what: `${directory} is no directory here`,
        fix: "put the built files there or correct the path",
      });
    } else if (source.sha256 !== undefined && treeDigest(directory) !== source.sha256) {
      problems.push({
        path: formatPath([...path, "source", "sha256"]),
        what: `is not what the files in ${directory} have`,
        fix: "find out what changed them before you correct it",
      });
    }
  }
  problems.push(...myceliumProblems(config), ...alertProblems(config));
  for (const [name, host] of Object.entries(config.hosts)) {
    if (
      host.kind === "vps" &&
      "keyFile" in host.identity &&
      !isKind(expandHome(host.identity.keyFile), "file")
    ) {
      problems.push({
        path: formatPath(["hosts", name, "identity", "keyFile"]),
        what: `${resolve(expandHome(host.identity.keyFile))} is no file here`,
        fix: "put the private key there, correct the path, or use agent: true",
      });
    }
  }
  return problems;
}

/** What may be files of this machine, by where it stands in the configuration. */
function sources(config: StackConfig): [string[], Source | UpstreamSource | undefined][] {
  const { chat, observability, release } = config;
  return [
    ...(["bridge", "gateway", "frontend"] as const).map((part): [string[], Source | undefined] => [
      ["chat", part],
      // An image that is taken as it is needs no files.
      release.images[part] === undefined ? chat[part].source : undefined,
    ]),
    [["observability", "logs", "loki"], observability?.logs?.loki.source],
    [["observability", "logs", "alloy"], observability?.logs?.alloy.source],
    [["observability", "grafana"], observability?.grafana?.source],
  ];
}

function myceliumProblems({ mycelium }: StackConfig): Problem[] {
  if (mycelium?.source.kind !== "file") return [];
  const { path, sha256 } = mycelium.source;
  const file = resolve(expandHome(path));
  if (!isKind(file, "file")) {
    return [
      {
        path: formatPath(["mycelium", "source", "path"]),
        what: `${file} is no file here`,
        fix: "put the executable there or correct the path",
      },
    ];
  }
  return sha256 === undefined || fileDigest(file) === sha256
    ? []
    : [
        {
          path: formatPath(["mycelium", "source", "sha256"]),
          what: `is not what ${file} has`,
          fix: "find out what changed it before you correct it",
        },
      ];
}

/** Secrets of the receivers are not in the stack file: the environment has them. */
function alertProblems({ observability }: StackConfig): Problem[] {
  if (observability === undefined) return [];
  return Object.entries(secretVariables(observability.alerts))
    .filter(([, variable]) => (process.env[variable] ?? "") === "")
    .map(([key, variable]) => ({
      path: formatPath(["observability", "alerts", ...key.split(".")]),
      what: `names ${variable}, which is not set in this environment`,
      fix: `export ${variable} before you deploy`,
    }));
}

function isKind(path: string, kind: "directory" | "file"): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return kind === "directory" ? (stat?.isDirectory() ?? false) : (stat?.isFile() ?? false);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sortKeys);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
