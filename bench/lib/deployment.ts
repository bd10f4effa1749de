import * as fs from "fs";
import * as path from "path";
import { countChanges, must, Run, Running, Stack, StackSettings } from "../../tests/e2e/support/stack";
import { phaseSeconds } from "./phases";
import { Row } from "./rows";

export interface DeploymentArgs {
  stack: string;
  /** The group its figures are told under. */
  group: string;
  hosts: () => Promise<unknown>;
  edge: object;
  /** Build every image from its first step: no layer of an earlier build is used. */
  freshImages: boolean;
  /** Resources that the first `up` works on at once. */
  parallel: number;
}

/** The chat, deployed by the real program with a state of its own. */
export class Deployment {
  readonly stack: Stack;
  private deployed: Promise<Row[]> | undefined;
  private base: string | undefined;

  constructor(private readonly args: DeploymentArgs) {
    this.stack = new Stack(args.stack);
  }

  /** Deploys, once; the figures of that first `up`. */
  deploy(): Promise<Row[]> {
    this.deployed ??= this.cold();
    return this.deployed;
  }

  private async cold(): Promise<Row[]> {
    const { group, freshImages, parallel } = this.args;
    if (freshImages) {
      this.base = await newBaseImage();
    }
    await this.stack.init();
    await this.configure({});
    const eventLog = path.join(this.stack.directory, "events.json");
    // The CLI takes --event-log only so.
    this.stack.env["PULUMI_DEBUG_COMMANDS"] = "true";
    const run = await this.stack.up("--parallel", String(parallel), "--event-log", eventLog);
    delete this.stack.env["PULUMI_DEBUG_COMMANDS"];
    const { created } = countChanges(succeeded(run).output);
    const note = freshImages
      ? "every image built from its first step"
      : "image layers of earlier builds used";
    const once = { group, unit: "s" as const };
    const phases = phaseSeconds(fs.readFileSync(eventLog, "utf8"));
    return [
      { ...once, name: "cold up", values: [run.seconds], note: `${created} resources; ${note}` },
      ...phases.map(([phase, seconds]): Row => {
        return {
          ...once,
          name: `cold up: ${phase}`,
          values: [seconds],
          note: "phases overlap; whole seconds",
        };
      }),
    ];
  }

  async configure(bridgeEnv: Record<string, string>): Promise<void> {
    const settings: StackSettings = {
      hosts: await this.args.hosts(),
      edge: this.args.edge,
      chat: { bridge: { source: { kind: "sample" }, env: bridgeEnv }, postgres: { keepData: false } },
      images: this.base === undefined ? {} : { base: this.base },
    };
    this.stack.configure(settings);
  }

  /** An `up`, in seconds; it must change as many resources as said, and create or delete none. */
  async up(updated: number, ...options: string[]): Promise<number> {
    return expectChanges(succeeded(await this.stack.up(...options)), updated).seconds;
  }

  async preview(): Promise<number> {
    return expectChanges(succeeded(await this.stack.preview()), 0).seconds;
  }

  startUp(): Running {
    return this.stack.startUp();
  }

  /** Removes what it made on the engines, and its state. */
  async remove(): Promise<void> {
    try {
      if (this.deployed !== undefined) {
        await this.deployed.catch(() => this.stack.cancel().catch(() => undefined));
        succeeded(await this.stack.destroy());
      }
      if (this.base !== undefined) {
        await must("docker", ["image", "rm", this.base]);
      }
    } finally {
      this.stack.remove();
    }
  }
}

/** The base image under another id, so that no layer built upon the old one is taken from the cache. */
async function newBaseImage(): Promise<string> {
  const stamp = Date.now().toString(36);
  const name = `hypha-bench/base:${stamp}`;
  await must("docker", ["build", "--tag", name, "-"], {
    env: { DOCKER_BUILDKIT: "0" },
    input: `FROM debian:bookworm-slim\nLABEL hypha.bench=${stamp}\n`,
  });
  return name;
}

export function succeeded(run: Run): Run {
  if (run.code !== 0) {
    throw new Error(`pulumi ended with ${run.code ?? run.signal}:\n${run.output.slice(-4000)}`);
  }
  return run;
}

export function expectChanges(run: Run, updated: number): Run {
  const changes = countChanges(run.output);
  const { created, deleted, replaced } = changes;
  if (created + deleted + replaced > 0 || changes.updated !== updated) {
    throw new Error(`${updated} updates were expected, seen: ${JSON.stringify(changes)}`);
  }
  return run;
}
