import { dockerArgv } from "../../components/host/access";
import { StackHost } from "../../ops/lib/stack";
import { must } from "../../tests/e2e/support/stack";
import { Deployment, expectChanges, succeeded } from "../lib/deployment";
import { peakMemory } from "../lib/memory";
import { sshdLoadOf } from "../lib/labFleet";
import { Row, Unit } from "../lib/rows";
import { Case, Series } from "../lib/series";
import { Servers } from "../lib/servers";

/** A deployed stack with nothing to do; the figures of its first `up` come with it. */
export function stack(group: string, deployment: Deployment): Case {
  return {
    group,
    prepare: () => deployment.deploy(),
    series: [
      { name: "no-op preview", unit: "s", measure: () => deployment.preview() },
      { name: "no-op up", unit: "s", note: "compares with the state", measure: () => deployment.up(0) },
      {
        name: "no-op up --refresh",
        unit: "s",
        note: "asks the engine for every resource it knows",
        measure: () => deployment.up(0, "--refresh"),
      },
    ],
    cleanUp: async () => undefined,
  };
}

async function deployedOnly(deployment: Deployment): Promise<Row[]> {
  await deployment.deploy();
  return [];
}

/** One environment variable of one service: by Hypha, and by hand over the same SSH. */
export function change(deployment: Deployment): Case {
  let host: StackHost | undefined;
  let value = "none";
  const byHand = async (to: string): Promise<number> => {
    if (host === undefined) {
      throw new Error("the server is not known yet");
    }
    const service = `hypha-${deployment.stack.name}-bridge`;
    const update = ["service", "update", "--detach=false", "--quiet", "--env-add", `BENCH=${to}`, service];
    return (await must(...dockerArgv(host, update))).seconds;
  };
  return {
    group: "change",
    prepare: async () => {
      await deployment.deploy();
      host = await hostOf(deployment);
      return [];
    },
    series: [
      {
        name: "up with one changed variable",
        unit: "s",
        note: "from the command to the converged service",
        measure: async (round) => {
          value = `round-${round}`;
          await deployment.configure({ BENCH: value });
          return deployment.up(1);
        },
      },
      {
        name: "docker service update by hand",
        unit: "s",
        note: "mean of there and back, --detach=false",
        // And back, so that the service is what the state says.
        measure: async () => ((await byHand("by-hand")) + (await byHand(value))) / 2,
      },
    ],
    cleanUp: async () => undefined,
  };
}

/** The stack's one server, as the operator's tools reach it. */
async function hostOf(deployment: Deployment): Promise<StackHost> {
  const { hosts } = (await deployment.stack.outputs()) as { hosts: Record<string, Omit<StackHost, "name">> };
  const [first] = Object.entries(hosts);
  if (first === undefined) {
    throw new Error("the stack has no host in its outputs");
  }
  const [name, access] = first;
  return { name, ...access };
}

/** Memory of everything that a no-op `up` starts: launcher, CLI, language host, node, plugins. */
export function memory(deployment: Deployment): Case {
  let largest = 0;
  const largestSeries: Series = {
    name: "peak of a no-op up, largest process",
    unit: "MiB",
    measure: async () => largest,
  };
  return {
    group: "memory",
    prepare: () => deployedOnly(deployment),
    series: [
      {
        name: "peak of a no-op up, all processes",
        unit: "MiB",
        note: "resident; shared pages count in each process",
        measure: async () => {
          const running = deployment.startUp();
          const peak = await peakMemory(running.process.pid ?? 0, running.ended);
          expectChanges(succeeded(await running.ended), 0);
          largest = peak.largestMiB;
          largestSeries.note = peak.largestName;
          return peak.totalMiB;
        },
      },
      largestSeries,
    ],
    cleanUp: async () => undefined,
  };
}

/** Logins that the server's sshd accepted. */
export function connections(deployment: Deployment, servers: Servers, parallel: number): Case {
  return {
    group: "connections",
    prepare: async () => {
      await deployment.deploy();
      // Before any other `up`: all that this server ever saw.
      const { connections: cold, sessions, refused, atOnce } = await sshdLoadOf(servers.first, 0);
      const row = (name: string, unit: Unit, value: number, note?: string): Row => {
        return { group: "connections", name, unit, values: [value], ...(note === undefined ? {} : { note }) };
      };
      return [
        row("cold up", "connections", cold, `since the server booted; ${parallel} resources at once`),
        row("cold up: sessions", "sessions", sessions),
        row("cold up: at once", "connections", atOnce.connections),
        row("cold up: not logged in at once", "connections", atOnce.notLoggedIn),
        row("cold up: sessions at once", "sessions", atOnce.sessions),
        row("cold up: sessions at once on one connection", "sessions", atOnce.sessionsOnOneConnection),
        row("cold up: refused by sshd", "connections", refused),
      ];
    },
    series: [
      {
        name: "no-op up",
        unit: "connections",
        measure: async () => {
          const before = await servers.first.logins();
          await deployment.up(0);
          return (await servers.first.logins()) - before;
        },
      },
      {
        name: "no-op up --refresh",
        unit: "connections",
        note: "one shared connection lives for a minute",
        measure: async () => {
          const before = await servers.first.logins();
          await deployment.up(0, "--refresh");
          return (await servers.first.logins()) - before;
        },
      },
    ],
    cleanUp: async () => undefined,
  };
}
