import { HostAccess, sshTarget } from "../../components/host/access";
import { jsonLines } from "./deployment";
import { run } from "./firstContact";
import { StackHost } from "./stack";

/** Something that runs on a host. */
export interface Running {
  /** The service's name; of a Mycelium node `<host>-mycelium`. */
  component: string;
  host: string;
  /** An image's reference, or the first digits of a program's SHA-256. */
  version: string;
  /** Of the image, `sha256:…`. */
  id?: string;
  /** What its engine says: `healthy`, `unhealthy`, `starting`; of a unit what systemd does: `active`. Empty: no check. */
  health: string;
  /** When it was started, ISO 8601, UTC. */
  since: string;
}

const container =
  '{"component":{{json (index .Config.Labels "com.docker.swarm.service.name")}},"version":{{json .Config.Image}},' +
  '"id":{{json .Image}},"health":{{with .State.Health}}{{json .Status}}{{else}}""{{end}},"since":{{json .State.StartedAt}}}';

/** What a host is asked, in one session: a JSON object in a line for each container, and what systemd says of a unit. */
const question =
  "docker ps --quiet --filter label=com.docker.swarm.service.name | " +
  `xargs -r docker inspect --format '${container}'; ` +
  "TZ=UTC systemctl show mycelium.service --property=ActiveState,ActiveEnterTimestamp,ExecStart 2>/dev/null || true";

/** A shared connection is used where there is one. A new one would stay, and keep this process waiting. */
const once = ["-o", "ControlMaster=no", "-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=1"];

function asked({ dockerHost, sshArgs }: HostAccess): [string, string[]] {
  const target = sshTarget({ dockerHost, sshArgs });
  return target === undefined
    ? ["env", [`DOCKER_HOST=${dockerHost}`, "sh", "-c", question]]
    : ["ssh", [...once, ...target, "--", question]];
}

/** What a host answers to that. */
export function parseRunning(host: string, text: string): Running[] {
  const containers = jsonLines(text).map(({ value }) => ({ ...(value as Omit<Running, "host">), host }));
  const show = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "";
  const version = /mycelium-([0-9a-f]+) /.exec(show("ExecStart"))?.[1];
  if (version === undefined) {
    return containers;
  }
  // `Thu 2026-01-01 10:00:00 UTC`
  const at = Date.parse(show("ActiveEnterTimestamp").replace(/^\w+ /, ""));
  const since = Number.isNaN(at) ? "" : new Date(at).toISOString();
  return [
    ...containers,
    { component: `${host}-mycelium`, host, version, health: show("ActiveState"), since },
  ];
}

/** What runs on the hosts, each asked once, all at once; one that does not answer is a warning. */
export async function runningOn(
  hosts: readonly StackHost[],
): Promise<{ running: Running[]; warnings: string[] }> {
  const answers = await Promise.all(
    hosts.map(async (host) => ({ name: host.name, ...(await run(asked(host))) })),
  );
  return {
    running: answers.flatMap(({ name, code, output }) => (code === 0 ? parseRunning(name, output) : [])),
    warnings: answers.flatMap(({ name, code, problem }) =>
      code === 0 ? [] : [`${name}: what runs there cannot be asked: ${problem}`],
    ),
  };
}
