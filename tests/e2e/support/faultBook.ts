import * as fs from "fs";
import * as path from "path";
import { FaultName, ownFaults } from "./faults";
import { faultTable, otherFaultTable } from "./faultTable";
import { Poller } from "./poller";
import { projectRoot, Run } from "./stack";

/** What was seen of one fault. */
export interface FaultResult {
  name: FaultName;
  /** Exit code or signal of the deployment that met it. */
  exit: string;
  /** The line that tells the operator. */
  sees: string;
  requests: number;
  failed: number;
  /** Seconds between the first request that failed and the last. */
  away: number;
  /** What brought it back, and how many seconds that took. */
  recovers: string;
  seconds: number;
}

/** A fault, or several at once, from a clean state and back to it. */
export interface FaultCase {
  /** What the operator must be told of each. */
  says: Partial<Record<FaultName, RegExp>>;
  /** How the deployment may end. @default 1 */
  exit?: number | NodeJS.Signals | readonly number[];
  /** Whether requests may fail meanwhile: where nothing stands in for what is away. @default false */
  mayFail?: boolean;
  /** The fault, and the deployment that meets it. */
  fault: () => Promise<Run>;
  recovers: string;
  /** Brings it back; ends once the site answers again. */
  back: () => Promise<void>;
}

const kept = path.join(projectRoot, "build", "e2e");

/** Counts requests during each fault, and keeps what was seen. */
export class FaultBook {
  readonly results: FaultResult[] = [];

  /**
   * `probe` asks the site; `lost` says what is not there any more that was there before; `traces` is what the server
   * knows of why requests failed.
   */
  constructor(
    private readonly probe: () => Promise<string | undefined>,
    private readonly lost: () => Promise<string | undefined>,
    private readonly traces: () => Promise<string>,
  ) {}

  async meet({ says, exit = 1, mayFail = false, fault, recovers, back }: FaultCase): Promise<void> {
    const names = ownFaults.filter((name) => name in says);
    const poller = new Poller(this.probe);
    let run: Run;
    let seconds: number;
    try {
      run = await fault();
      keep(`fault-${names.join("-").replaceAll(/\W+/g, "-")}.txt`, run.output);
      const began = performance.now();
      await back();
      seconds = (performance.now() - began) / 1000;
    } finally {
      await poller.stop();
    }
    // Back first: a fault that is told wrongly is not to spoil the next.
    const exits: unknown[] = [exit].flat();
    expect(exits.includes(run.signal ?? run.code) ? "" : run.output).toBe("");
    const { requests, failures } = await poller.stop();
    const times = failures.map((failure) => Date.parse(failure.split(" ")[0] ?? ""));
    const away = times.length === 0 ? 0 : (Math.max(...times) - Math.min(...times)) / 1000;
    if (!mayFail && failures.length > 0) {
      throw new Error(`requests failed:\n${failures.join("\n")}\n${await this.traces()}\n${run.output}`);
    }
    expect(requests).toBeGreaterThan(5);
    expect(await this.lost()).toBeUndefined();
    for (const name of names) {
      const pattern = says[name] ?? /^$/;
      this.note(name, run, pattern, { requests, failed: failures.length, away, recovers, seconds });
    }
  }

  /** Keeps what was seen; the run must have said it. */
  note(
    name: FaultName,
    run: Run,
    says: RegExp,
    seen: Pick<FaultResult, "recovers" | "seconds"> & Partial<FaultResult>,
  ): void {
    const line = run.output
      .split("\n")
      .filter((text) => says.test(text))
      .at(-1);
    expect({ name, line, output: run.output }).toMatchObject({ line: expect.any(String) as string });
    const exit = String(run.signal ?? run.code);
    this.results.push({ name, exit, sees: (line ?? "").trim(), requests: 0, failed: 0, away: 0, ...seen });
    keep("faults.json", JSON.stringify(this.results, undefined, 2));
    keep("faults.md", `${faultTable(this.results)}\n${otherFaultTable()}`);
  }
}

export function keep(name: string, text: string): void {
  fs.mkdirSync(kept, { recursive: true });
  fs.writeFileSync(path.join(kept, name), text);
}
