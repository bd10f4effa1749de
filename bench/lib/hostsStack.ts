import * as fs from "fs";
import * as path from "path";
import { LabVps, unhardened } from "../../tests/e2e/support/lab";
import { countChanges, must, projectRoot, Run, Stack } from "../../tests/e2e/support/stack";
import { CriticalPath, criticalPath, needsOf } from "./critical";
import { expectChanges, succeeded } from "./deployment";
import { Way } from "./peers";
import { spans } from "./phases";
import { busyShare, processorTimes } from "./processors";

const program = path.join(projectRoot, "bench", "program");

export interface Cold {
  seconds: number;
  created: number;
  critical: CriticalPath;
  /** Share of this machine's processors that was busy meanwhile, from 0 to 1. */
  busy: number;
}

/** Hypha's preparation of servers and the swarm they make, without what runs in it: `bench/program`. */
export class HostsStack {
  private readonly stack: Stack;

  constructor(
    private readonly servers: readonly LabVps[],
    private readonly way: (server: LabVps) => Way,
    /** Resources that an `up` works on at once. */
    private readonly parallel: number,
  ) {
    this.stack = new Stack(`hosts-${servers.length}`, program);
  }

  async cold(): Promise<Cold> {
    await this.stack.init();
    this.stack.configure({
      hosts: await this.hosts(),
      edge: { domain: "bench.test" },
      chat: { bridge: { source: { kind: "sample" } } },
    });
    const eventLog = path.join(this.stack.directory, "events.json");
    this.stack.env["PULUMI_DEBUG_COMMANDS"] = "true";
    const before = processorTimes();
    const run = succeeded(await this.up("--event-log", eventLog));
    const busy = busyShare(before, processorTimes());
    delete this.stack.env["PULUMI_DEBUG_COMMANDS"];
    return {
      seconds: run.seconds,
      created: countChanges(run.output).created,
      critical: criticalPath(spans(fs.readFileSync(eventLog, "utf8")), needsOf(await this.stack.state())),
      busy,
    };
  }

  private async hosts(): Promise<object> {
    const size = { cpus: 1, memoryMiB: 1024, diskGiB: 2 };
    const keyFile = await LabVps.keyFile();
    const entries = this.servers.map(async (server, index): Promise<[string, object]> => {
      const first = ["manager", "data", "edge", "app"];
      return [
        `host${index + 1}`,
        {
          kind: "vps",
          ...this.way(server),
          privateAddress: server.address,
          hostKey: await server.hostKey(),
          identity: { keyFile },
          roles: index === 0 ? first : ["app"],
          minimum: size,
          recommended: size,
          // The other tools harden nothing.
          hardening: unhardened,
        },
      ];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  private up(...options: string[]): Promise<Run> {
    return this.stack.up("--parallel", String(this.parallel), ...options);
  }

  async noop(): Promise<number> {
    return expectChanges(succeeded(await this.up()), 0).seconds;
  }

  /** As `make doctor` runs it; nothing may differ. */
  async doctor(): Promise<number> {
    const script = '. ops/env.sh && cd "$1" && exec tsx ../../ops/doctor.ts';
    const env = { ...this.stack.env, STACK: this.stack.name };
    const run = await must("bash", ["-c", script, "doctor", program], { env });
    const compared = run.output.match(/things compared, none differs/g)?.length ?? 0;
    if (compared !== this.servers.length) {
      throw new Error(`doctor: ${this.servers.length} hosts expected:\n${run.output.slice(-3000)}`);
    }
    return run.seconds;
  }

  /** The servers are put back by others: what is left of it is its state. */
  remove(): void {
    this.stack.remove();
  }
}
