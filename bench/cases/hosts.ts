import { LabVps } from "../../tests/e2e/support/lab";
import { HostsStack } from "../lib/hostsStack";
import { addedLatency, LabFleet, slowly, ways } from "../lib/labFleet";
import { greeting, Latency } from "../lib/latency";
import { Peers } from "../lib/peers";
import { firstLine, Row, Unit } from "../lib/rows";
import { Case, Log } from "../lib/series";
import { busiest } from "../lib/sshd";

/** TCP port of this machine for the proxy's own interface. */
const proxyPort = 21999;

export interface HostsArgs {
  /** How many servers at once. */
  counts: readonly number[];
  /** How often a run with nothing to do is measured. */
  repeats: number;
  /** Resources that Hypha works on at once. */
  parallel: number;
}

/** How a figure's name begins, as the aims look for it. */
export function subject(who: string, count: number, latency: boolean): string {
  const added = latency ? ` +${addedLatency} ms` : "";
  return `${who}, ${count} host${count === 1 ? "" : "s"}${added}`;
}

/** A figure after the other; one that fails is a row with its error, and stops no other. */
class Rows {
  readonly all: Row[] = [];

  constructor(
    private readonly log: Log,
    private readonly stop: AbortSignal | undefined,
  ) {}

  add(name: string, unit: Unit, values: number[], note?: string): void {
    this.all.push({ group: "hosts", name, unit, values, ...(note === undefined ? {} : { note }) });
    this.log(`hosts: ${name}: ${values.map((value) => value.toFixed(2)).join(", ")} ${unit}`);
  }

  /** What is lost with the work is its own figures, not those of before and after it. */
  async attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.stop?.throwIfAborted();
      this.log(`hosts: ${name}: ${String(error)}`);
      this.all.push({ group: "hosts", name, unit: "s", values: [], error: firstLine(error) });
    }
  }

  async measure(name: string, repeats: number, measure: () => Promise<number>, note?: string): Promise<void> {
    const values: number[] = [];
    try {
      for (let n = 0; n < repeats; n++) {
        this.stop?.throwIfAborted();
        values.push(await measure());
      }
      this.add(name, "s", values, note);
    } catch (error) {
      this.stop?.throwIfAborted();
      this.log(`hosts: ${name}: ${String(error)}`);
      this.all.push({ group: "hosts", name, unit: "s", values, error: firstLine(error) });
    }
  }
}

/** All of one tool's figures on one number of servers, from servers as they were at first. */
interface Round {
  fleet: LabFleet;
  servers: readonly LabVps[];
  latency: boolean;
  repeats: number;
  parallel: number;
  rows: Rows;
}

const what = "engine installed; account, keys, engine settings, swarm, labels";

async function hypha({ fleet, servers, latency, repeats, parallel, rows }: Round): Promise<void> {
  const of = (figure: string) => `${subject("hypha", servers.length, latency)}, ${figure}`;
  const stack = new HostsStack(servers, latency ? ways.slow : ways.direct, parallel);
  try {
    await fleet.reset(servers);
    await rows.measure(
      of("cold"),
      1,
      async () => {
        const [cold, loads] = await fleet.watch(servers, () => stack.cold());
        const path = cold.critical.steps.map(([name, seconds]) => `${name} ${seconds}`).join(", ");
        rows.add(of("cold: critical path"), "s", [cold.critical.seconds], `whole seconds: ${path}`);
        rows.add(of("cold: processors busy"), "%", [cold.busy * 100], "of the machine that all share");
        const most = busiest(loads);
        rows.add(of("cold: connections"), "connections", [most.connections], "to the host that saw most");
        rows.add(of("cold: sessions"), "sessions", [most.sessions], "on the host that saw most");
        rows.add(of("cold: not logged in at once"), "connections", [most.atOnce.notLoggedIn]);
        rows.add(of("cold: sessions at once"), "sessions", [most.atOnce.sessions]);
        rows.add(of("cold: refused by sshd"), "connections", [most.refused]);
        return cold.seconds;
      },
      what,
    );
    await rows.measure(of("no-op"), repeats, () => stack.noop(), "compares with the state");
    const note = "compares what is on every host";
    await rows.measure(
      `${subject("doctor", servers.length, latency)}, no-op`,
      repeats,
      () => stack.doctor(),
      note,
    );
  } finally {
    stack.remove();
  }
}

async function peer(tool: "pyinfra" | "ansible", tools: Peers, round: Round): Promise<void> {
  const { fleet, servers, latency, repeats, rows } = round;
  const of = (figure: string) => `${subject(tool, servers.length, latency)}, ${figure}`;
  const addresses = servers.map(({ address }) => address);
  await fleet.reset(servers);
  await rows.measure(of("cold"), 1, () => tools[tool](addresses, false), `${what}; 17 operations`);
  await rows.measure(of("no-op"), repeats, () => tools[tool](addresses, true), "17 operations per host");
}

/**
 * The preparation of servers by Hypha, pyinfra and Ansible, one after the other from the same start, without and with
 * added latency. All of it is measured once, in order: what one tool leaves, the next would find.
 */
export function hosts(fleet: LabFleet, { counts, repeats, parallel }: HostsArgs): Case {
  const direct = new Peers();
  const slow = new Peers();
  const latency = new Latency(proxyPort);
  return {
    group: "hosts",
    prepare: async (log, stop) => {
      const rows = new Rows(log, stop);
      await fleet.boot();
      await latency.start(
        fleet.servers.map((server) => ({
          name: `vps${server.number}`,
          listen: slowly(server).port,
          upstream: `${server.address}:22`,
        })),
        addedLatency,
      );
      await addedTime(fleet, rows);
      await direct.prepare(fleet.servers);
      await slow.prepare(fleet.servers, slowly);
      for (const added of [false, true]) {
        for (const count of counts) {
          const servers = fleet.servers.slice(0, count);
          const round = { fleet, servers, latency: added, repeats, parallel, rows };
          await rows.attempt(subject("hypha", count, added), () => hypha(round));
          for (const tool of ["pyinfra", "ansible"] as const) {
            await rows.attempt(subject(tool, count, added), () => peer(tool, added ? slow : direct, round));
          }
        }
      }
      await fleet.remove();
      return rows.all;
    },
    series: [],
    cleanUp: async () => {
      latency.stop();
      direct.remove();
      slow.remove();
    },
  };
}

/** That the proxy does what its figures claim. */
async function addedTime(fleet: LabFleet, rows: Rows): Promise<void> {
  const [server] = fleet.servers;
  if (server === undefined) return;
  const times = [];
  for (const { address, port } of [ways.direct(server), ways.slow(server)]) {
    times.push(await greeting(address, port));
  }
  const [without = 0, withIt = 0] = times;
  rows.add("greeting of an sshd", "ms", [without]);
  rows.add(`greeting of an sshd +${addedLatency} ms`, "ms", [withIt], "half of a round trip is added to it");
}
