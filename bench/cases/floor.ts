import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { must, projectRoot, start } from "../../tests/e2e/support/stack";
import { peakMemory } from "../lib/memory";
import { Case } from "../lib/series";

/** A program of its own without a resource, with the packages, the runtime options and the state backend that a stack here has. */
class Program {
  private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-bench-floor-"));
  private readonly env: NodeJS.ProcessEnv = {
    PATH: `${path.join(projectRoot, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
    PULUMI_BACKEND_URL: `file://${this.directory}/state?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: "only for this measurement",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
  };

  constructor(private readonly source: string) {}

  async create(): Promise<void> {
    fs.mkdirSync(path.join(this.directory, "state"));
    for (const file of ["package.json", "tsconfig.json"]) {
      fs.copyFileSync(path.join(projectRoot, file), path.join(this.directory, file));
    }
    const project = fs.readFileSync(path.join(projectRoot, "Pulumi.yaml"), "utf8");
    fs.writeFileSync(
      path.join(this.directory, "Pulumi.yaml"),
      project.replace(/^name: .*$/m, "name: empty").replaceAll(" ./", ` ${projectRoot}/`),
    );
    fs.writeFileSync(path.join(this.directory, "index.ts"), this.source);
    fs.symlinkSync(path.join(projectRoot, "node_modules"), path.join(this.directory, "node_modules"));
    await this.pulumi("stack", "init", "empty");
    await this.up();
  }

  private async pulumi(...args: string[]): Promise<number> {
    const options = { cwd: this.directory, env: this.env };
    return (await must("pulumi", [...args, "--non-interactive"], options)).seconds;
  }

  up(): Promise<number> {
    return this.pulumi("up", "--yes", "--skip-preview", "--stack", "empty");
  }

  preview(): Promise<number> {
    return this.pulumi("preview", "--stack", "empty");
  }

  async memory(): Promise<number> {
    const args = ["up", "--yes", "--skip-preview", "--stack", "empty", "--non-interactive"];
    const { process: child, ended } = start("pulumi", args, { cwd: this.directory, env: this.env });
    return (await peakMemory(child.pid ?? 0, ended)).totalMiB;
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

const imports = [
  "@pulumi/pulumi",
  "@pulumi/command",
  "@pulumi/docker",
  "@pulumi/random",
  "@pulumi/tls",
  "zod",
];

/** What Pulumi itself takes on this machine. */
export function floor(): Case {
  const empty = new Program("export {};\n");
  const importing = new Program(imports.map((name) => `import "${name}";\n`).join(""));
  const note = "an empty program";
  return {
    group: "floor",
    prepare: async () => {
      await empty.create();
      await importing.create();
      return [];
    },
    series: [
      { name: "no-op preview", unit: "s", note, measure: () => empty.preview() },
      { name: "no-op up", unit: "s", note, measure: () => empty.up() },
      {
        name: "no-op up, packages imported",
        unit: "s",
        note: "no resource either, but Hypha's packages loaded; no aim refers to it",
        measure: () => importing.up(),
      },
      { name: "peak memory of a no-op up", unit: "MiB", note, measure: () => empty.memory() },
    ],
    cleanUp: async () => {
      empty.remove();
      importing.remove();
    },
  };
}
