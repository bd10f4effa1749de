import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HostAccess, sshTarget } from "../../components/host/access";
import { shellAssign, shellAssigned } from "../../components/shell/quote";
import { nameOf, serviceType } from "./deployment";
import { Answer, Fact } from "./facts";
import { StateResource } from "./state";

/** A script whose verb `check` says what has drifted. */
export interface Check {
  /** For messages: the resource's name. */
  name: string;
  /** What is sent on standard input. */
  text: string;
  /** The resources that put a drifted fact right. */
  repairedBy: (fact: Fact) => string[];
}

/** The one session that checks a host. */
export interface HostPlan {
  name: string;
  /** Arguments of `ssh` that open it; undefined on this machine. */
  sshArgs: string[] | undefined;
  /** The login needs sudo to see all. */
  elevate: boolean;
  checks: Check[];
}

/** A drifted fact, and the resources that put it right. */
export interface Drift extends Fact {
  diff: string;
  repairedBy: string[];
}

export interface HostReport {
  name: string;
  /** How many things were compared. */
  compared: number;
  drifted: Drift[];
  /** Why something could not be checked; empty where all was. */
  problems: string[];
}

interface Connection {
  host: string;
  port?: number;
  user: string;
}

/** A script that does not know the verb is never sent: whatever it did then would be no check. */
const knowsCheck = /^ +check\) /m;

/** The host scripts of a state: those whose variables name their host, or several hosts in the lines of NODES. */
export function hostScripts(resources: readonly StateResource[]) {
  return resources
    .filter(({ type }) => /^command:(remote|local):Command$/.test(type))
    .flatMap(({ urn, inputs = {} }) => {
      const text = typeof inputs["stdin"] === "string" ? inputs["stdin"] : "";
      const variables = shellAssigned(text);
      const { HOST_NAME = "", NODES } = variables;
      const hosts = NODES?.split("\n").map((line) => line.replace(/\t.*/, "")) ?? [HOST_NAME];
      const connection = inputs["connection"] as Connection | undefined;
      const elevate = String(inputs["create"]).startsWith("sudo -n ");
      return [{ urn, text, variables, hosts, connection, elevate, checks: knowsCheck.test(text) }];
    });
}

type HostScript = ReturnType<typeof hostScripts>[number];

/** What of a state is checked on each host, and through which login: the one with most rights, which sees all. */
export function planChecks(
  resources: readonly StateResource[],
  hosts: Readonly<Record<string, HostAccess>>,
): HostPlan[] {
  const scripts = hostScripts(resources);
  return Object.entries(hosts).map(([name, access]) => {
    const own = scripts.filter(({ hosts: of }) => of.includes(name));
    const checks = [
      ...own
        .filter(({ checks: known }) => known)
        .map(({ urn, text }) => ({ name: nameOf(urn), text, repairedBy: () => [urn] })),
      ...engineCheck(resources, scripts, name, access),
    ];
    const logins = own.filter(({ connection }) => connection !== undefined);
    const login =
      logins.find(({ connection, elevate }) => elevate || connection?.user === "root") ?? logins[0];
    return { name, sshArgs: sshArgs(access, login?.connection), elevate: login?.elevate === true, checks };
  });
}

/** Arguments of `ssh` for a login; without one as the engine's account, and none where that is this machine's own. */
function sshArgs(access: HostAccess, login: Connection | undefined): string[] | undefined {
  return login === undefined
    ? sshTarget(access)
    : [...access.sshArgs, "-p", String(login.port ?? 22), `${login.user}@${login.host}`];
}

/** Resources of the Docker provider that are compared, by the kind that `engineFacts.sh` calls them. */
const engineKinds = new Map([
  [serviceType, "service"],
  ["docker:index/network:Network", "network"],
  ["docker:index/volume:Volume", "volume"],
  ["docker:index/secret:Secret", "secret"],
  ["docker:index/serviceConfig:ServiceConfig", "config"],
]);

/** Text of a file of this project. */
const projectText = (...file: string[]): string => readFileSync(join(__dirname, "..", "..", ...file), "utf8");

/** The check of what Pulumi keeps through this host's Docker API; none where that is nothing. */
function engineCheck(
  resources: readonly StateResource[],
  scripts: readonly HostScript[],
  host: string,
  access: HostAccess,
): Check[] {
  const providers = new Set(
    resources
      .filter(
        ({ type, inputs }) => type === "pulumi:providers:docker" && inputs?.["host"] === access.dockerHost,
      )
      .map(({ urn }) => urn),
  );
  const things = resources.flatMap(({ urn, type, provider = "", outputs = {} }) => {
    const kind = engineKinds.get(type);
    const name = outputs["name"];
    return kind !== undefined && typeof name === "string" && providers.has(provider.replace(/::[^:]*$/, ""))
      ? [{ urn, kind, name, line: kind === "service" ? `${name} ${serviceImage(outputs)}` : name }]
      : [];
  });
  const labels = nodeLabels(scripts, host);
  if (things.length + labels.length === 0) {
    return [];
  }
  const wanted = (kind: string) =>
    things
      .filter((thing) => thing.kind === kind)
      .map(({ line }) => line)
      .join("\n");
  const variables = shellAssign({
    HOST_NAME: host,
    SERVICES: wanted("service"),
    NETWORKS: wanted("network"),
    VOLUMES: wanted("volume"),
    SECRETS: wanted("secret"),
    CONFIGS: wanted("config"),
    LABELS: labels.map(({ line }) => line).join("\n"),
  });
  const files = [
    ["components", "shell", "lib.sh"],
    ["components", "shell", "facts.sh"],
    ["ops", "lib", "engineFacts.sh"],
  ];
  return [
    {
      name: "what Docker runs",
      text: variables + files.map((file) => projectText(...file)).join(""),
      repairedBy: (fact) =>
        [...things, ...labels]
          .filter(({ kind, name }) => kind === fact.kind && name === fact.name)
          .map(({ urn }) => urn),
    },
  ];
}

/** The labels of all nodes, which the swarm's first manager is asked for. */
function nodeLabels(scripts: readonly HostScript[], host: string) {
  const nodes = scripts.filter(({ variables }) => "LABEL_PREFIX" in variables);
  if (!nodes.some(({ hosts, variables }) => hosts.includes(host) && variables["FIRST"] === "yes")) {
    return [];
  }
  return nodes.flatMap(({ urn, variables: { LABEL_PREFIX = "", HOST_NAME = "", LABELS = "" } }) =>
    LABELS.split(" ").map((label) => ({
      urn,
      kind: "node label",
      name: `${HOST_NAME} ${label.replace(/=.*/, "")}`,
      line: `${LABEL_PREFIX}host=${HOST_NAME} ${label}`,
    })),
  );
}

/** As `docker service ls` shows it: without the digest that the engine adds to a tag. */
function serviceImage(outputs: Record<string, unknown>): string {
  const { containerSpec } = (outputs["taskSpec"] ?? {}) as { containerSpec?: { image?: string } };
  return containerSpec?.image?.replace(/@sha256:.*/, "") ?? "";
}

/** What one host's session said, in one list: a thing that two scripts look at is told once, with both to repair it. */
export function reportHost(plan: HostPlan, answers: readonly Answer[], failure?: string): HostReport {
  const facts = new Map<string, Fact & { repairedBy: string[] }>();
  const problems: string[] = failure === undefined ? [] : [failure];
  plan.checks.forEach((check, index) => {
    const answer = answers[index];
    for (const fact of answer?.facts ?? []) {
      const key = `${fact.kind} ${fact.name}`;
      const known = facts.get(key);
      const drift = fact.diff ?? known?.diff;
      facts.set(key, {
        ...fact,
        ...(drift === undefined ? {} : { diff: drift }),
        repairedBy: [
          ...(known?.repairedBy ?? []),
          ...(fact.diff === undefined ? [] : check.repairedBy(fact)),
        ],
      });
    }
    if (answer !== undefined && answer.code !== 0) {
      problems.push(`${check.name}: ${answer.messages.slice(-5).join("\n") || `exit code ${answer.code}`}`);
    }
  });
  if (problems.length === 0 && facts.size === 0) {
    problems.push("nothing to check was found: bring the stack up with this version of Hypha (make up)");
  }
  const drifted = [...facts.values()].flatMap(({ diff, ...fact }) =>
    diff === undefined ? [] : [{ ...fact, diff }],
  );
  return { name: plan.name, compared: facts.size, drifted, problems };
}

/** 0: all is as the stack would write it; 1: something is not; 2: something could not be checked. */
export function exitCode(reports: readonly HostReport[]): number {
  if (reports.some(({ problems }) => problems.length > 0)) {
    return 2;
  }
  return reports.some(({ drifted }) => drifted.length > 0) ? 1 : 0;
}

const indented = (text: string, by: string): string => text.trimEnd().replace(/^/gm, by);

/** The reports as text: a line per host; below it each thing that differs, with its diff. */
export function formatReports(reports: readonly HostReport[]): string {
  return reports
    .flatMap(({ name, compared, drifted, problems }) => [
      `${name}: ${compared} things compared, ${drifted.length === 0 ? "none differs" : `${drifted.length} differ`}`,
      ...drifted.flatMap((drift) => [`  ${drift.kind} ${drift.name}`, indented(drift.diff, "    ")]),
      ...problems.map((problem) => `  could not be checked: ${indented(problem, "    ").trimStart()}`),
    ])
    .join("\n");
}
