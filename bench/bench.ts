import * as fs from "fs";
import * as path from "path";
import { parseArguments, runTool, ToolError } from "../ops/lib/tool";
import { projectRoot } from "../tests/e2e/support/stack";
import { fleetPreview } from "./cases/fleet";
import { floor } from "./cases/floor";
import { hosts } from "./cases/hosts";
import { peers } from "./cases/peers";
import { reliability } from "./cases/reliability";
import { change, connections, memory, stack } from "./cases/stacks";
import { comparisons } from "./lib/aims";
import { Deployment } from "./lib/deployment";
import { LabFleet } from "./lib/labFleet";
import { machine } from "./lib/machine";
import { markdown, Results } from "./lib/report";
import { Case, measure } from "./lib/series";
import { Servers } from "./lib/servers";
import { LabVps } from "../tests/e2e/support/lab";

// The hosts first: they are gone before a stack runs that would take its share of the processors.
const groups = [
  ...(["reliability", "hosts", "floor", "vps", "connections", "dev", "peers", "change"] as const),
  ...(["memory", "fleet"] as const),
];
type Group = (typeof groups)[number];
/** Half an hour and more, with faults that the others must not meet: only where it is named. */
const namedOnly: readonly Group[] = ["reliability"];

const usage = `usage: bench [--runs N] [--only CASE,…] [--cold] [--json FILE] [--servers A,B] [--hosts A,B,…] [--fleet A,B,…]
             [--parallel N] [--deployments N] [--minutes N] [--seed N] [--reliability-server N]
Measures deployments on lab servers of its own and on the local engine, and removes them again. All cases are measured
round by round; a table goes to standard output and to table.md beside the JSON. Nothing else should run meanwhile.
  --runs N        rounds; the table tells median, least and greatest (default 5)
  --only CASE,…   of ${groups.join(", ")} (default all but ${namedOnly.join(", ")})
  --cold          build every image from its first step for the cold deployments
  --json FILE     where the figures go (default build/bench/results.json)
  --servers A,B   numbers of the lab servers; whatever is there goes (default 6,7)
  --hosts A,B,…   how many hosts are prepared at once in the case hosts (default 1,2,4,8)
  --fleet A,B,…   numbers of the lab servers of that case, as many as the most of them (default 30 to 37)
  --parallel N    resources that a cold deployment on servers works on at once (default 16, as in make up)
  --deployments N how many the case reliability makes while faults strike (default 50)
  --minutes N     when that case ends, with those that it has made until then (default 120)
  --seed N        what these faults follow from (default: another each time; it is printed)
  --reliability-server N   number of its lab server (default 57)
Exit code 1 when a figure could not be measured. docs/benchmarks.md says what each figure is.`;

function number(text: string, name: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new ToolError(`${name}: ${text} is no whole number from ${least} to ${most}; see --help`);
  }
  return value;
}

function chosen(only: string | undefined): Group[] {
  const names = only === undefined ? groups.filter((group) => !namedOnly.includes(group)) : only.split(",");
  const unknown = names.filter((name) => !groups.some((group) => group === name));
  if (unknown.length > 0) {
    throw new ToolError(`--only: ${unknown.join(", ")} is unknown; there are ${groups.join(", ")}`);
  }
  // In the order that the cases build on one another, whatever order was given.
  return groups.filter((group) => names.includes(group));
}

function serverNumbers(text: string): [number, number] {
  const [first, second, ...more] = text.split(",").map((part) => number(part, "--servers", 1, 99));
  if (first === undefined || second === undefined || first === second || more.length > 0) {
    throw new ToolError("--servers needs two different numbers, like 6,7");
  }
  return [first, second];
}

/** The counts in their order, and a server for each of the most hosts. */
function hostsOf(counts: string, servers: string | undefined): { counts: number[]; numbers: number[] } {
  const list = (text: string, name: string) => [
    ...new Set(text.split(",").map((part) => number(part, name, 1, 99))),
  ];
  const wanted = list(counts, "--hosts").sort((a, b) => a - b);
  const most = Math.max(...wanted);
  const numbers =
    servers === undefined ? Array.from({ length: most }, (_, index) => 30 + index) : list(servers, "--fleet");
  if (numbers.length < most) {
    throw new ToolError(`--fleet needs ${most} different numbers, as --hosts asks for so many servers`);
  }
  return { counts: wanted, numbers: numbers.slice(0, most) };
}

function onServer(servers: Servers, freshImages: boolean, parallel: number): Deployment {
  const size = { cpus: 1, memoryMiB: 1024, diskGiB: 2 };
  const hosts = async () => {
    await servers.boot(servers.first);
    const { address } = servers.first;
    const login = { hostKey: await servers.first.hostKey(), identity: { keyFile: await LabVps.keyFile() } };
    return { vps: { kind: "vps", address, ...login, minimum: size, recommended: size } };
  };
  const edge = { domain: "bench.test" };
  return new Deployment({ stack: "bench", group: "vps", hosts, edge, freshImages, parallel });
}

function onLocalEngine(freshImages: boolean, parallel: number): Deployment {
  // Other stacks of this engine keep the usual ports.
  const edge = { domain: "bench.localhost", ports: { http: 18080, https: 18443 } };
  const hosts = async () => ({ local: { kind: "local" } });
  return new Deployment({ stack: "bench-dev", group: "dev", hosts, edge, freshImages, parallel });
}

/** Ctrl-C ends the measuring, not the cleaning up. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      console.error(
        "interrupted: cleaning up after the current step; once more to leave everything as it is",
      );
      controller.abort(new ToolError("interrupted"));
    });
  }
  return controller.signal;
}

async function main(args: string[]): Promise<number> {
  const { flags, values } = parseArguments(args, {
    flags: ["--cold"],
    values: [
      ...["--runs", "--only", "--json", "--servers", "--hosts", "--fleet", "--parallel"],
      ...["--deployments", "--minutes", "--seed", "--reliability-server"],
    ],
  });
  const runs = number(values.get("--runs") ?? "5", "--runs", 1, 1000);
  const parallel = number(values.get("--parallel") ?? "16", "--parallel", 1, 1000);
  const selected = chosen(values.get("--only"));
  const file = path.resolve(values.get("--json") ?? path.join(projectRoot, "build", "bench", "results.json"));
  const servers = new Servers(...serverNumbers(values.get("--servers") ?? "6,7"));
  const { counts, numbers } = hostsOf(values.get("--hosts") ?? "1,2,4,8", values.get("--fleet"));
  const labFleet = new LabFleet(numbers);
  const remote = onServer(servers, flags.has("--cold"), parallel);
  const local = onLocalEngine(flags.has("--cold"), parallel);
  const cases: Record<Group, () => Case> = {
    floor,
    vps: () => stack("vps", remote),
    connections: () => connections(remote, servers, parallel),
    dev: () => stack("dev", local),
    peers: () => peers(servers),
    change: () => change(remote),
    memory: () => memory(remote),
    reliability: () =>
      reliability(
        new LabVps(number(values.get("--reliability-server") ?? "57", "--reliability-server", 1, 99)),
        {
          deployments: number(values.get("--deployments") ?? "50", "--deployments", 1, 10_000),
          minutes: number(values.get("--minutes") ?? "120", "--minutes", 1, 10_000),
          seed: number(values.get("--seed") ?? String(Date.now() % 100_000), "--seed", 0, 2 ** 32 - 1),
        },
      ),
    // More than three repeats of each would take the most part of an hour.
    hosts: () => hosts(labFleet, { counts, repeats: Math.min(runs, 3), parallel }),
    fleet: fleetPreview,
  };
  const began = new Date();
  const about = machine();
  const rows = await measure(
    selected.map((group) => cases[group]()),
    runs,
    (text) => console.error(`${new Date().toISOString()} ${text}`),
    [local, remote, servers, labFleet],
    interrupted(),
  );
  const results: Results = {
    started: began.toISOString(),
    minutes: (Date.now() - began.getTime()) / 60_000,
    runs,
    machine: about,
    rows,
    comparisons: comparisons(rows),
  };
  const table = markdown(results);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  fs.writeFileSync(path.join(path.dirname(file), "table.md"), table);
  process.stdout.write(table);
  return rows.some(({ error }) => error !== undefined) ? 1 : 0;
}

runTool(usage, main);
