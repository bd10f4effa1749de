import * as fs from "fs";
import * as path from "path";
import { Job, workflow, WorkflowStep } from "../../support/workflows";
import { must, projectRoot, Running, start } from "./stack";

/** What GitHub gives a job. */
export interface RunnerContext {
  vars: Readonly<Record<string, string>>;
  secrets: Readonly<Record<string, string>>;
  /** Outputs of the jobs that this one needs. */
  needs?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By path: `github.event.pull_request.number`. */
  github?: Readonly<Record<string, string>>;
  /** The runner's own environment. */
  env: Readonly<Record<string, string | undefined>>;
}

export interface JobRun {
  ok: boolean;
  /** What the steps printed. */
  log: string;
  /** Markdown of the run's page. */
  summary: string;
  /** The job's outputs. */
  outputs: Record<string, string>;
}

/**
 * Runs a job of a workflow of this project as a runner of GitHub's would: a fresh clone, each `run:` in order by
 * `bash -e` with its environment and GITHUB_* files; after a failure only steps that are always run. What is left to
 * actions is done here: the checkout, and node_modules in place of npm's cache.
 */
export class JobRunner {
  readonly workspace: string;
  private readonly job: Job;
  private readonly workflowEnv: Record<string, string>;
  private readonly outputsOf = new Map<string, Record<string, string>>();
  private current: Running | undefined;

  constructor(
    file: string,
    name: string,
    private readonly directory: string,
    private readonly context: RunnerContext,
  ) {
    const own = workflow(file);
    const job = own.jobs[name];
    if (job === undefined) throw new Error(`${file} has no job ${name}`);
    this.job = job;
    this.workflowEnv = own.env ?? {};
    this.workspace = path.join(directory, "hypha", "hypha");
  }

  /** What the step that runs has printed so far. */
  output = (): string => this.current?.output() ?? "";

  async run(origin: string): Promise<JobRun> {
    fs.rmSync(this.directory, { recursive: true, force: true });
    fs.mkdirSync(path.join(this.directory, "temp"), { recursive: true });
    const summary = this.file("summary");
    let ok = true;
    let log = "";
    for (const [index, step] of (this.job.steps ?? []).entries()) {
      if (!ok && step.if !== "always()") continue;
      if (step.run === undefined) {
        await this.action(step, origin);
        continue;
      }
      const output = this.file(`output-${index}`);
      const script = this.file(`${index}.sh`, step.run);
      this.current = start("bash", ["-e", script], {
        cwd: this.workspace,
        env: { ...this.environment(step), GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
      });
      const { code, output: said } = await this.current.ended;
      log += said;
      ok = ok && code === 0;
      this.outputsOf.set(step.id ?? String(index), readOutputs(fs.readFileSync(output, "utf8")));
    }
    const outputs = Object.entries(this.job.outputs ?? {}).map(([name, value]) => [name, this.value(value)]);
    return {
      ok,
      log,
      summary: fs.readFileSync(summary, "utf8"),
      outputs: Object.fromEntries(outputs) as Record<string, string>,
    };
  }

  /** Ends all processes of the step that runs, as a runner does in the end, or one that is lost. */
  kill(): void {
    const children = new Map<number, number[]>();
    for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const parent = parentOf(pid);
      children.set(parent, [...(children.get(parent) ?? []), Number(pid)]);
    }
    const tree = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(tree)];
    for (const pid of tree(this.current?.process.pid ?? 0)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    }
  }

  private file(name: string, text = ""): string {
    const file = path.join(this.directory, "temp", name);
    fs.writeFileSync(file, text);
    return file;
  }

  private environment({ env = {} }: WorkflowStep): NodeJS.ProcessEnv {
    const given = Object.entries({ ...this.workflowEnv, ...env }).map(([name, value]) => [
      name,
      this.value(value),
    ]);
    return {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_REPOSITORY: "hypha/hypha",
      GITHUB_RUN_ID: "1",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_WORKSPACE: this.workspace,
      RUNNER_ENVIRONMENT: "self-hosted",
      RUNNER_TEMP: path.join(this.directory, "temp"),
      ...this.context.env,
      ...(Object.fromEntries(given) as Record<string, string>),
    };
  }

  /** The few expressions that the workflows have where values go; one that is not set is empty, as GitHub has it. */
  private value(text: string): string {
    return text.replace(/\$\{\{ (\S+) \}\}/g, (_, expression: string) => {
      const [scope = "", ...names] = expression.split(".");
      const name = names.at(-1) ?? "";
      switch (scope) {
        case "vars":
          return this.context.vars[name] ?? "";
        case "secrets":
          return this.context.secrets[name] ?? "";
        case "steps":
          return this.outputsOf.get(names[0] ?? "")?.[name] ?? "";
        case "needs":
          return this.context.needs?.[names[0] ?? ""]?.[name] ?? "";
        case "github":
          return this.context.github?.[expression] ?? "";
        default:
          throw new Error(`this runner does not know ${expression}`);
      }
    });
  }

  private async action({ uses = "" }: WorkflowStep, origin: string): Promise<void> {
    const [name] = uses.split("@");
    if (name === "actions/checkout") {
      await must("git", ["clone", "--quiet", origin, this.workspace]);
    } else if (name === "actions/setup-node") {
      // Links instead of copies: nothing writes there.
      await must("cp", ["-al", path.join(projectRoot, "node_modules"), this.workspace]);
      await must("touch", [path.join(this.workspace, "node_modules", ".package-lock.json")]);
    } else if (name !== "actions/cache") {
      throw new Error(`this runner does not know ${uses}`);
    }
  }
}

function parentOf(pid: string): number {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

/** `name<<mark`, lines, `mark`, as steps write them to GITHUB_OUTPUT. */
function readOutputs(text: string): Record<string, string> {
  const found = [...text.matchAll(/^([\w-]+)<<(\S+)\n([^]*?)\n\2$/gm)];
  return Object.fromEntries(found.map(([, name, , value]) => [name, value])) as Record<string, string>;
}
