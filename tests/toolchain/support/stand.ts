import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import * as automation from "@pulumi/pulumi/automation";

import { pulumiVersions } from "../../../components/config/versions";

/** Where the binaries under test come from. */
export const pulumiHome = process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");

/** Providers that the suite judges; official ones take their place when HYPHA_OFFICIAL_PLUGINS names their directory. */
const judged = ["command", "tls"];

export function pluginFolder(name: keyof typeof pulumiVersions): string {
  return `resource-${name}-v${pulumiVersions[name]}`;
}

/** Whether the binaries under test are ours. */
export const ours = process.env.HYPHA_OFFICIAL_PLUGINS === undefined;

export interface Outcome {
  /** Resource name → what was done to it; replacement is one "replace". */
  readonly steps: Readonly<Record<string, string>>;
  /** Outputs as JSON values, secrets in the clear. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly secrets: readonly string[];
  /** Everything the CLI printed and every diagnostic. */
  readonly log: string;
  /** What it failed with. */
  readonly error?: string;
}

/** A private PULUMI_HOME, file backend and stack. */
export class Stand {
  private constructor(
    readonly directory: string,
    private readonly project: string,
    private readonly stack: automation.Stack,
  ) {}

  static async make(name: string): Promise<Stand> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), `toolchain-${name}-`));
    const home = path.join(directory, "home");
    const root = path.join(home, "versions", pulumiVersions.pulumi);
    fs.mkdirSync(path.join(home, "plugins"), { recursive: true });
    fs.mkdirSync(path.join(home, "versions"));
    fs.mkdirSync(path.join(directory, "state"));
    fs.symlinkSync(path.join(pulumiHome, "versions", pulumiVersions.pulumi), root);
    for (const plugin of ["command", "tls", "random", "docker"] as const) {
      const official = judged.includes(plugin) ? process.env.HYPHA_OFFICIAL_PLUGINS : undefined;
      const source = path.join(official ?? path.join(pulumiHome, "plugins"), pluginFolder(plugin));
      if (!fs.existsSync(source)) throw new Error(`${source} is missing: run ops/toolchain.sh`);
      // The CLI does not see a plugin's directory that is itself a link.
      const folder = path.join(home, "plugins", pluginFolder(plugin));
      fs.mkdirSync(folder);
      for (const file of fs.readdirSync(source))
        fs.symlinkSync(path.join(source, file), path.join(folder, file));
    }
    const pulumiCommand = await automation.PulumiCommand.get({ root });
    const stack = await automation.LocalWorkspace.createOrSelectStack(
      { stackName: "t", projectName: name, program: async () => undefined },
      {
        pulumiCommand,
        pulumiHome: home,
        workDir: directory,
        projectSettings: {
          name,
          runtime: "nodejs",
          backend: { url: `file://${path.join(directory, "state")}` },
        },
        envVars: {
          PULUMI_CONFIG_PASSPHRASE: "toolchain",
          PULUMI_SKIP_UPDATE_CHECK: "true",
          SSH_AUTH_SOCK: "",
        },
      },
    );
    return new Stand(directory, name, stack);
  }

  up(program: automation.PulumiFn): Promise<Outcome> {
    return this.run((options) => this.stack.up({ ...options, program }));
  }

  preview(program: automation.PulumiFn): Promise<Outcome> {
    return this.run((options) => this.stack.preview({ ...options, program }));
  }

  destroy(): Promise<Outcome> {
    return this.run((options) => this.stack.destroy(options));
  }

  /** The state as it is stored: secrets encrypted. */
  state(): string {
    const stacks = path.join(this.directory, "state", ".pulumi", "stacks");
    return fs.readFileSync(path.join(stacks, this.project, "t.json"), "utf8");
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  private async run(
    action: (options: {
      onOutput: (text: string) => void;
      onEvent: (event: automation.EngineEvent) => void;
    }) => Promise<unknown>,
  ): Promise<Outcome> {
    const steps: Record<string, string> = {};
    const log: string[] = [];
    let error: string | undefined;
    try {
      await action({
        onOutput: (text) => log.push(text),
        onEvent: (event) => {
          const step = event.resourcePreEvent?.metadata;
          if (step && !step.type.startsWith("pulumi:")) {
            const resource = step.urn.split("::").pop() ?? "";
            const part = step.op.includes("replace") ? "replace" : step.op;
            if (steps[resource] !== "replace") steps[resource] = part;
          }
          // "debug" is the SDK of this very process talking about what it sends.
          const said = event.diagnosticEvent;
          const severity: string | undefined = said?.severity;
          if (said && severity !== "debug") log.push(said.message);
        },
      });
    } catch (caught) {
      error = caught instanceof Error ? caught.message : String(caught);
    }
    const outputs = await this.stack.outputs();
    return {
      steps,
      outputs: Object.fromEntries(Object.entries(outputs).map(([key, output]) => [key, output.value])),
      secrets: Object.keys(outputs).filter((key) => outputs[key]?.secret),
      log: log.join(""),
      ...(error === undefined ? {} : { error }),
    };
  }
}
