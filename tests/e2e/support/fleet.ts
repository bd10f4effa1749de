import { LabVps } from "./lab";
import { keep as keepText, must, Run, Stack, start } from "./stack";

/** What each is for, before the story changes it. */
export const servers = {
  app1: { vps: new LabVps(22), roles: ["manager", "edge", "app"] },
  app2: { vps: new LabVps(23), roles: ["app"] },
  db: { vps: new LabVps(20), roles: ["manager", "data"] },
  web: { vps: new LabVps(21), roles: ["manager", "edge", "app"] },
};
export type Name = keyof typeof servers;
export const three: Name[] = ["db", "web", "app1"];
/** Who deployments go to: by name app1. */
let first: Name | undefined;

/** Names the one that deployments go to. */
export function goesFirst(name: Name): void {
  first = name;
}

export const stack = new Stack("fleet");
const entries = new Map<Name, object>();

export const settings = (names: Name[], greeting: string) => ({
  hosts: Object.fromEntries(names.map((name) => [name, entries.get(name)])),
  ...(first === undefined ? {} : { cluster: { first } }),
  edge: { domain: "fleet.test" },
  chat: {
    bridge: { replicas: 2, env: { GREETING: greeting } },
    gateway: { replicas: 2 },
    frontend: { replicas: 2 },
  },
  images: {},
});

export async function configure(names: Name[], greeting = "hello"): Promise<void> {
  for (const name of names) {
    if (entries.has(name)) continue;
    const { vps, roles } = servers[name];
    entries.set(name, await vps.host({ roles }));
  }
  stack.configure(settings(names, greeting));
}

/** Other settings of a host, from the next configuration on. */
export function change(name: Name, settings: object): void {
  entries.set(name, { ...entries.get(name), ...settings });
}

export const keep = (name: string, text: string) => {
  keepText(`fleet-${name}.txt`, text);
};

export const up = (name: string) => stack.deploy(`fleet-${name}`);

/** What `docker …` prints on the manager. */
export const ask = async (command: string): Promise<string> =>
  (await servers.db.vps.exec(`docker ${command}`)).trim();

export async function readyNodes(): Promise<string[]> {
  const rows = await ask("node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}'");
  return rows
    .split("\n")
    .filter((row) => row.endsWith(" Ready Active"))
    .map((row) => row.split(" ")[0] ?? "")
    .sort();
}

/** What the swarm's managers are to each other, as db's engine has it: vps20 leader or reachable, and so on. */
export async function managers(): Promise<string[]> {
  const rows = await ask("node ls --format '{{.Hostname}} {{.ManagerStatus}}'");
  return rows
    .split("\n")
    .filter((row) => /\S \S/.test(row))
    .sort();
}

export const leaders = (rows: string[]) => rows.filter((row) => row.endsWith(" Leader"));

/** The nodes where a service's containers run. */
export async function nodesOf(service: string): Promise<string[]> {
  const rows = await ask(
    `service ps hypha-fleet-${service} --filter desired-state=running --format '{{.Node}} {{.CurrentState}}'`,
  );
  return rows
    .split("\n")
    .filter((row) => row.includes(" Running"))
    .map((row) => row.split(" ")[0] ?? "")
    .sort();
}

export const smoke = (): Promise<Run> =>
  must("tsx", ["ops/smoke.ts"], { env: { ...stack.env, STACK: stack.name } });

export const tool = (name: string, ...args: string[]): Promise<Run> =>
  start("tsx", [`ops/${name}.ts`, ...args], {
    env: { ...stack.env, STACK: stack.name, HYPHA_DATA: stack.directory },
  }).ended;

export const forget = (name: Name) => tool("forget", "--host", name, "--config-file", stack.configFile);

export const logins = (names: Name[]): Promise<number[]> =>
  Promise.all(names.map((name) => servers[name].vps.logins()));

/** The TCP ports that answer, seen from here: the servers' neighbour on the network. */
export async function openPorts(vps: LabVps): Promise<number[]> {
  const scan = ["-n", "-Pn", "-p-", "--min-rate=8000", "--max-retries=1", "-T5", "-oG", "-"];
  const { output } = await must("nmap", [...scan, vps.address]);
  return [...output.matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => Number(port));
}
