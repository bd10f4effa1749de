import { StackConfig } from "../../components/config/schema";
import { HostFacts } from "../../components/host/facts";
import { shellQuote } from "../../components/shell/quote";
import { Answer, AuditRecord, onHosts, Places } from "./audit";
import { Component, componentsOf } from "./components";
import { Created } from "./created";
import { Deployment, jsonLines, nameOf, Step } from "./deployment";
import { outputsOf, StackOutputs } from "./stack";
import { StateResource } from "./state";

/** What is known of a host after a deployment. */
export interface HostRecord {
  /** As its preflight measured it; left out where it never ran. */
  facts?: HostFacts;
  created: Created;
  /** Things that differ from what the stack would write, by kind and name: see `make doctor`. */
  drifted: string[];
  /** Why `created` is not complete. */
  problem?: string;
}

/** What the tests after a deployment came to. */
export interface ValidationRecord {
  /** Nothing failed that was to fail the deployment. */
  ok: boolean;
  /** All of `make validate`, or what `make smoke` asks. */
  checks: "all" | "quick";
  /** What failed, in words. */
  failed: string[];
}

/** One deployment, whole: a file on each server. It holds no secret. */
export interface DeploymentRecord {
  /** Of this form of a record. */
  format: 1;
  /** `<time>-<commit>`: the file's name. */
  id: string;
  /** As `make history` numbers it. Left out where Pulumi wrote no history: it was killed. */
  version?: number;
  stack: string;
  deployer: { user: string; machine: string; author?: string };
  commit: string;
  dirty: boolean;
  message?: string;
  /** The version that was put back. */
  redeployOf?: number;
  /** ISO 8601, UTC. */
  began: string;
  ended: string;
  seconds: number;
  result: Deployment["result"];
  /** Left out where it did not come so far. */
  validation?: ValidationRecord;
  changes: Record<string, number>;
  configHash: string;
  /** The `hypha:` keys as the stack file has them. */
  config: Record<string, unknown>;
  /** Of the stack after it; left out where it did not end well, as the outputs may be older ones then. */
  images?: NonNullable<StackOutputs["images"]>;
  versions?: Record<string, string>;
  components: Record<string, Component>;
  hosts: Record<string, HostRecord>;
}

export interface RecordSources {
  audit: AuditRecord;
  deployment: Deployment;
  steps: readonly Step[];
  /** What is there after it, from the state. */
  resources: readonly StateResource[];
  /** By host. */
  found: Readonly<Record<string, Pick<HostRecord, "created" | "drifted" | "problem">>>;
  version?: number;
  message?: string;
  redeployOf?: number;
}

/** The raw keys of this program; a value is JSON where it was a map. */
function ownConfig(raw: Readonly<Record<string, string>>): Record<string, unknown> {
  const own = Object.entries(raw).filter(([key]) => key.startsWith("hypha:"));
  return Object.fromEntries(own.map(([key, text]) => [key, JSON.parse(text) as unknown]));
}

/** `20260102T030405Z-0123456789ab`: sorts by time. */
export function recordId(began: Date, commit: string): string {
  const time = began.toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-${commit.slice(0, 12)}`;
}

/** Takes from the state by name what may be told; the rest of it, secrets among it, stays where it is. */
export function deploymentRecord(sources: RecordSources): DeploymentRecord {
  const { audit, deployment, steps, resources, found, version, message, redeployOf } = sources;
  const { images, versions } = outputsOf(resources);
  const facts = factsOf(resources);
  const [user = "", machine = ""] = audit.who.split("@");
  const whole = deployment.result === "succeeded";
  return {
    format: 1,
    id: recordId(deployment.began, audit.commit),
    ...(version === undefined ? {} : { version }),
    stack: audit.stack,
    deployer: { user, machine, ...(audit.author === undefined ? {} : { author: audit.author }) },
    commit: audit.commit,
    dirty: audit.dirty,
    ...(message === undefined || message === "" ? {} : { message }),
    ...(redeployOf === undefined ? {} : { redeployOf }),
    began: audit.when,
    ended: new Date(deployment.began.getTime() + audit.seconds * 1000).toISOString(),
    seconds: audit.seconds,
    result: deployment.result,
    changes: audit.changes,
    configHash: audit.configHash,
    config: ownConfig(deployment.config),
    ...(whole && images !== undefined ? { images } : {}),
    ...(whole && versions !== undefined ? { versions } : {}),
    components: componentsOf(resources, steps),
    hosts: Object.fromEntries(
      Object.entries(found).map(([name, host]) => {
        const measured = facts[name];
        return [name, { ...(measured === undefined ? {} : { facts: measured }), ...host }];
      }),
    ),
  };
}

/** What the hosts were measured to have, as their components keep it. */
function factsOf(resources: readonly StateResource[]): Record<string, HostFacts> {
  return Object.fromEntries(
    resources
      .filter(({ type, outputs }) => type.startsWith("hypha:host:") && outputs?.["facts"] !== undefined)
      .map(({ urn, outputs }) => [nameOf(urn), outputs?.["facts"] as HostFacts]),
  );
}

/** How many records of a stack a host keeps. */
export const keptRecords = 50;

/** How many logs of a stack a host keeps: the newest ones' records have them. */
export const keptLogs = 20;

/** Words that list the files in a directory that end so, the newest first. */
const newest = (end: string): string => `ls | grep '\\${end}$' | sort -r`;

const directoryOf = (stack: string): string => stack.replaceAll("/", "-");

/** What hosts are to keep of a deployment. */
export interface Kept {
  /** A line for the audit log. */
  audit?: AuditRecord;
  /** Takes the place of the one of the same id. */
  record?: DeploymentRecord;
  /** Text for the record's log: it is added to what is there. It holds no secret. */
  log?: string;
}

/** A label of a figure, as Prometheus reads it. */
const label = (name: string, value: string): string =>
  `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** The last deployment as a figure, which the node exporter hands out and the dashboards mark. */
export function deploymentFigure({
  stack,
  result,
  commit,
  deployer,
  ended,
}: Pick<DeploymentRecord, "stack" | "result" | "commit" | "deployer" | "ended">): string {
  const labels = [
    label("deployed", stack),
    label("result", result),
    label("commit", commit.slice(0, 12)),
    label("by", deployer.user),
  ];
  const name = "hypha_deployment_timestamp_seconds";
  return [
    `# HELP ${name} When the last deployment ended.`,
    `# TYPE ${name} gauge`,
    `${name}{${labels.join(",")}} ${Date.parse(ended) / 1000}`,
  ].join("\n");
}

/** Has the hosts keep it: one session for each. */
export function keep(config: StackConfig, { audit, record, log: text = "" }: Kept): Promise<Answer[]> {
  const line = audit === undefined ? "" : `${JSON.stringify(audit)}\n`;
  const directory = shellQuote([directoryOf(record?.stack ?? "")]);
  const commands = ({ log, records }: Places) => [
    "umask 007",
    ...(audit === undefined ? [] : [`IFS= read -r line && printf '%s\\n' "$line" >>${log}`]),
    ...(record === undefined
      ? []
      : [
          `mkdir -p ${records}/${directory} && cd ${records}/${directory}`,
          `(umask 077 && head -c ${Buffer.byteLength(text)} >>${record.id}.log)`,
          `cat >.new && mv .new ${record.id}.json`,
          `(umask 022 && mkdir -p ../.figures && printf '%s\\n' ${shellQuote([deploymentFigure(record)])} >../.figures/.new && ` +
            `mv ../.figures/.new ../.figures/${directory}.prom)`,
          `{ ${newest(".json")} | tail -n +${keptRecords + 1}; ${newest(".log")} | tail -n +${keptLogs + 1}; } | xargs -r rm -f --`,
        ]),
  ];
  return onHosts(
    config,
    (places) => commands(places).join(" && "),
    `${line}${record === undefined ? "" : `${text}${JSON.stringify(record)}\n`}`,
  );
}

/** What the hosts have of a stack's records, the newest `count` of each. */
export function askRecords(config: StackConfig, stack: string, count = keptRecords): Promise<Answer[]> {
  const directory = shellQuote([directoryOf(stack)]);
  return onHosts(
    config,
    ({ records }) =>
      `cd ${records}/${directory} 2>/dev/null || exit 0; ${newest(".json")} | head -n ${count} | xargs -r cat`,
  );
}

/** A record's log, as the host has it that has most of it; empty where none has any more. */
export async function askLog(config: StackConfig, { stack, id }: DeploymentRecord): Promise<string> {
  const file = shellQuote([`${directoryOf(stack)}/${id}.log`]);
  const answers = await onHosts(config, ({ records }) => `cat ${records}/${file} 2>/dev/null || true`);
  const texts = answers.map((answer) => ("text" in answer ? answer.text : ""));
  return texts.sort((a, b) => b.length - a.length)[0] ?? "";
}

/** The records in what hosts answered, newest first; each once, however many hosts have it. */
export function mergeRecords(answers: readonly Answer[]): DeploymentRecord[] {
  const byId = new Map<string, DeploymentRecord>();
  for (const answer of answers) {
    for (const { value } of jsonLines("text" in answer ? answer.text : "")) {
      const record = value as DeploymentRecord;
      byId.set(record.id, record);
    }
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
