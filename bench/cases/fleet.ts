import { peakMemory } from "../lib/memory";
import { Case } from "../lib/series";
import { Stack } from "../../tests/e2e/support/stack";

/** Nobody has its private half: no host is asked in a preview. */
const hostKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")}`;

/** A stack that was never deployed: one host with the data, one with the edge, the others with applications. */
class PlannedFleet {
  private readonly stack: Stack;

  constructor(readonly size: number) {
    this.stack = new Stack(`fleet-${size}`);
  }

  async create(): Promise<void> {
    await this.stack.init();
    const roles = (index: number) => [["manager", "data"], ["edge"]][index] ?? ["app"];
    const hosts = Array.from({ length: this.size }, (_, index): [string, object] => [
      `host${index}`,
      {
        kind: "vps",
        address: `192.0.2.${index + 1}`,
        hostKey,
        identity: { agent: true },
        roles: this.size === 2 && index === 1 ? ["edge", "app"] : roles(index),
      },
    ]);
    this.stack.configure({
      hosts: Object.fromEntries(hosts),
      edge: { domain: "bench.test" },
      chat: { bridge: { source: { kind: "sample" } } },
      mycelium: { source: { kind: "sample" } },
    });
  }

  /** Seconds, and MiB of all processes together. */
  async preview(): Promise<{ seconds: number; memory: number }> {
    const running = this.stack.start("preview", "--config-file", this.stack.configFile);
    const peak = await peakMemory(running.process.pid ?? 0, running.ended);
    const { code, output, seconds } = await running.ended;
    if (code !== 0) throw new Error(`preview ended with ${String(code)}:\n${output.slice(-3000)}`);
    return { seconds, memory: peak.totalMiB };
  }

  remove(): void {
    this.stack.remove();
  }
}

/** What a plan takes as a fleet grows; no host is asked. */
export function fleetPreview(): Case {
  const fleets = [2, 10, 50, 100].map((size) => new PlannedFleet(size));
  return {
    group: "fleet",
    prepare: async () => {
      for (const fleet of fleets) await fleet.create();
      return [];
    },
    series: fleets.flatMap((fleet) => [
      {
        name: `preview of ${fleet.size} hosts`,
        unit: "s" as const,
        note: "nothing deployed yet",
        measure: async () => (await fleet.preview()).seconds,
      },
      {
        name: `preview of ${fleet.size} hosts: memory`,
        unit: "MiB" as const,
        note: "all processes",
        measure: async () => (await fleet.preview()).memory,
      },
    ]),
    cleanUp: () => {
      for (const fleet of fleets) fleet.remove();
      return Promise.resolve();
    },
  };
}
