import { execFileSync, spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { configHash, parseConfig } from "../../components/config/load";
import { gitRevision } from "../../components/config/revision";
import { HostConfig, StackConfig } from "../../components/config/schema";
import { HostAccess } from "../../components/host/access";
import { Channel, ensureControlDirectory, hostAccess, sshDestination } from "../../components/host/channel";
import { dataDirectory } from "../../components/shell/dataDirectory";
import { Deployment, jsonLines } from "./deployment";
import type { LockOwner } from "./lock";

/** One line of a host's audit log. */
export interface AuditRecord {
  /** When the deployment began, ISO 8601, UTC. */
  when: string;
  /** Account and machine that deployed. */
  who: string;
  /** `Name <address>` as git has it; left out where git knows none. */
  author?: string;
  stack: string;
  /** Commit of the program, or `unknown`. */
  commit: string;
  /** Files differed from the commit. */
  dirty: boolean;
  /** SHA-256 of the configuration, as in the stack's outputs. */
  configHash: string;
  /** `invalid`: it was made, and validation failed; `unlocked`: the lock was taken away from it. */
  result: Deployment["result"] | "invalid" | "unlocked";
  /** Of an unlocked one: how long the lock was held. */
  seconds: number;
  /** Resources of the whole deployment by what was done to them. */
  changes: Record<string, number>;
  /** Whose lock was taken away. */
  from?: string;
}

/** The log on a server: made by its preparation, rotated there. */
export const auditFile = "/var/log/hypha/audit.log";

/** The deployments' records on a server, a directory for each stack: made by its preparation. */
export const recordsDirectory = "/var/lib/hypha/deployments";

/** What a host keeps of deployments, as words for its shell. */
export interface Places {
  log: string;
  records: string;
}

/** What is kept of deployments to this machine's own engine. */
export function localPlaces(): Places {
  const data = dataDirectory();
  return { log: path.join(data, "audit.log"), records: path.join(data, "deployments") };
}

/** The checked configuration of raw `hypha:` keys, or undefined where it is not valid: nothing was deployed then. */
export function configOf(raw: Readonly<Record<string, unknown>>): StackConfig | undefined {
  const own = Object.entries(raw).filter(([key]) => key.startsWith("hypha:"));
  try {
    return parseConfig(Object.fromEntries(own.map(([key, value]) => [key.slice("hypha:".length), value])));
  } catch {
    return undefined;
  }
}

/** How tools reach each host's engine, as the configuration has it. */
export function accessTo(config: StackConfig): Record<string, HostAccess> {
  return Object.fromEntries(
    Object.entries(config.hosts).map(([name, host]) => [name, hostAccess(channelOf(host))]),
  );
}

/** The deploy account's login, or this machine's engine. */
function channelOf(host: HostConfig): Channel {
  if (host.kind === "local") {
    return { kind: "local", socket: host.socket };
  }
  const { address, port, deployUser: user, hostKey, identity } = host;
  return { kind: "ssh", endpoint: { address, port, user, hostKey, identity } };
}

/** Each host's address; the local engine has none. */
export function addresses(config: StackConfig | undefined): Record<string, string> {
  const hosts = Object.entries(config?.hosts ?? {});
  return Object.fromEntries(hosts.map(([name, host]) => [name, host.kind === "vps" ? host.address : ""]));
}

export function auditRecord(
  stack: string,
  deployment: Deployment,
  config: StackConfig,
  by: { who: string; author: string | undefined; revision: string },
): AuditRecord {
  return {
    when: deployment.began.toISOString(),
    who: by.who,
    ...(by.author === undefined ? {} : { author: by.author }),
    stack,
    commit: by.revision.replace(/-dirty$/, ""),
    dirty: by.revision.endsWith("-dirty"),
    configHash: configHash(config),
    result: deployment.result,
    seconds: deployment.seconds,
    changes: deployment.changes,
  };
}

/** The line of a lock that `by` has taken away from its owner. */
export function unlockRecord(
  stack: string,
  owner: LockOwner,
  config: StackConfig,
  by: { who: string; author: string | undefined },
  now = new Date(),
): AuditRecord {
  const held = Math.round((now.getTime() - Date.parse(owner.since)) / 1000);
  return {
    when: now.toISOString(),
    who: by.who,
    ...(by.author === undefined ? {} : { author: by.author }),
    stack,
    commit: owner.commit.replace(/-dirty$/, ""),
    dirty: owner.commit.endsWith("-dirty"),
    configHash: configHash(config),
    result: "unlocked",
    seconds: Number.isNaN(held) ? 0 : held,
    changes: {},
    from: owner.who,
  };
}

/** Who runs this, and from which commit. */
export function operator(directory: string): { who: string; author: string | undefined; revision: string } {
  let author: string | undefined;
  try {
    const ident = execFileSync("git", ["var", "GIT_AUTHOR_IDENT"], {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    author = /^.*>/.exec(ident)?.[0];
  } catch {
    // No git, or it knows nobody.
  }
  return { who: `${os.userInfo().username}@${os.hostname()}`, author, revision: gitRevision(directory) };
}

/** What a host answered: its text, or why there is none. */
export type Answer = { host: string; text: string } | { host: string; problem: string };

/**
 * Runs `command` by a shell on every host at once, `input` on its standard input: one session each, `seconds` at most.
 * The local engine's machine runs it as well, with its own places instead of the servers'.
 */
export function onHosts(
  config: StackConfig,
  command: (places: Places) => string,
  input: string | ((host: string) => string) = "",
  seconds = 30,
): Promise<Answer[]> {
  ensureControlDirectory();
  return Promise.all(
    Object.entries(config.hosts).map(([name, host]) => {
      const channel = channelOf(host);
      const text = typeof input === "string" ? input : input(name);
      if (channel.kind === "local") {
        const { log, records } = localPlaces();
        fs.mkdirSync(path.dirname(log), { recursive: true });
        const script = command({ log: '"$0"', records: '"$1"' });
        return ask(name, ["sh", "-c", script, log, records], text, seconds);
      }
      // A shared connection is used where there is one. A new one would stay, and keep this process waiting.
      const once = ["-o", "ControlMaster=no", "-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=1"];
      const destination = sshDestination(channel.endpoint);
      return ask(
        name,
        ["ssh", ...once, ...destination, "--", command({ log: auditFile, records: recordsDirectory })],
        text,
        seconds,
      );
    }),
  );
}

function ask(host: string, argv: string[], input: string, seconds: number): Promise<Answer> {
  const [file = "ssh", ...words] = argv;
  return new Promise((resolve) => {
    const child = spawn(file, words, { stdio: ["pipe", "pipe", "pipe"], timeout: seconds * 1000 });
    let text = "";
    let problem = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
    // A host that hangs up before it has read everything is told by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.on("error", (error) => {
      resolve({ host, problem: error.message });
    });
    child.on("close", (code, signal) => {
      const why = problem.trim().split("\n").at(-1) || `no answer within ${seconds} s`;
      resolve(
        code === 0 ? { host, text } : { host, problem: signal === null ? why : `ended by ${signal}: ${why}` },
      );
    });
  });
}

/** The records in what hosts answered, oldest first; a deployment to several hosts is told once, with all of them. */
export function merge(answers: readonly Answer[]): (AuditRecord & { hosts: string[] })[] {
  const byLine = new Map<string, AuditRecord & { hosts: string[] }>();
  for (const answer of answers) {
    for (const { line, value } of jsonLines("text" in answer ? answer.text : "")) {
      const known = byLine.get(line);
      if (known === undefined) {
        byLine.set(line, { ...(value as AuditRecord), hosts: [answer.host] });
      } else if (!known.hosts.includes(answer.host)) {
        known.hosts.push(answer.host);
      }
    }
  }
  return [...byLine.values()].sort((a, b) => a.when.localeCompare(b.when));
}
