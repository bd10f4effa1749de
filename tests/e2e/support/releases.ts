import { execFileSync } from "child_process";
import { X509Certificate } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { stringify } from "yaml";
import { Site } from "../../../ops/lib/site";
import { LabVps } from "./lab";
import { must, projectRoot, Run, Running, siteOf, start } from "./stack";

/** A clone of what this checkout has now, with commits, a stack, a state and an engine's environment of its own. */
export class ReleaseCheckout {
  readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-releases-"));
  readonly stackFile: string;
  readonly env: NodeJS.ProcessEnv;

  constructor(readonly stack: string) {
    this.stackFile = path.join(this.directory, `Pulumi.${stack}.yaml`);
    const data = path.join(this.directory, "..", `${path.basename(this.directory)}-data`);
    fs.mkdirSync(path.join(data, "state"), { recursive: true });
    this.env = {
      PATH: `${path.join(projectRoot, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
      STACK: stack,
      HYPHA_DATA: data,
      PULUMI_BACKEND_URL: `file://${data}/state?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: "only for this test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_CONTINUE_ON_ERROR: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: projectRoot,
      encoding: "utf8",
    });
    for (const file of files.split("\0").filter((name) => fs.existsSync(path.join(projectRoot, name)))) {
      if (file !== "") fs.cpSync(path.join(projectRoot, file), path.join(this.directory, file));
    }
    fs.symlinkSync(path.join(projectRoot, "node_modules"), path.join(this.directory, "node_modules"));
    this.git("init", "--quiet", "--initial-branch", "main");
    this.git("config", "user.name", "Ann");
    this.git("config", "user.email", "ann@release.test");
  }

  git(...args: string[]): string {
    return execFileSync("git", args, { cwd: this.directory, encoding: "utf8" }).trim();
  }

  /** Writes the stack's configuration; Pulumi's salt stays. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    const old = fs.existsSync(this.stackFile) ? fs.readFileSync(this.stackFile, "utf8") : "";
    const salt = /^encryptionsalt: .*$/m.exec(old)?.[0];
    const config = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`hypha:${key}`, value]),
    );
    fs.writeFileSync(this.stackFile, `${salt === undefined ? "" : `${salt}\n`}${stringify({ config })}`);
  }

  /** Commits everything; the commit. */
  commit(message: string): string {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  /** A tool of `ops/`, as make runs it. */
  start(tool: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Running {
    return start("tsx", [path.join("ops", `${tool}.ts`), ...args], {
      cwd: this.directory,
      env: { ...this.env, ...env },
      group: true,
    });
  }

  run(tool: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Run> {
    return this.start(tool, args, env).ended;
  }

  /** Makes the stack, without anything in it. */
  async init(): Promise<void> {
    await must("pulumi", ["stack", "select", "--create", this.stack], { env: this.env, cwd: this.directory });
  }

  /** The stack's outputs, secrets in the clear. */
  async outputs(): Promise<Record<string, unknown>> {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", this.stack];
    const { output } = await must("pulumi", args, { env: this.env, cwd: this.directory });
    return JSON.parse(output) as Record<string, unknown>;
  }

  async site(): Promise<Site> {
    return siteOf(await this.outputs());
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true });
    fs.rmSync(this.env["HYPHA_DATA"] ?? "", { recursive: true, force: true });
  }
}

/**
 * What runs: each service's whole definition, the images' ids, and the text of every config that a service uses; of a
 * certificate its names, as another one for the same names is made anew.
 */
export async function whatRuns(vps: LabVps): Promise<string> {
  const told = await vps.exec(
    "for s in $(docker service ls --format '{{.Name}}' | sort); do " +
      "docker service inspect --format '{{.Spec.Name}} {{json .Spec.TaskTemplate.ContainerSpec.Image}} " +
      "{{json .Spec.TaskTemplate.ContainerSpec.Env}} {{json .Spec.Mode}} {{json .Spec.TaskTemplate.Resources}}' $s; " +
      "docker image inspect --format '{{.Id}}' $(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' $s); " +
      // By the file that it is: a service has them in the order of their names, which are new with each content.
      "for c in $(docker service inspect " +
      `--format '{{range .Spec.TaskTemplate.ContainerSpec.Configs}}{{.File.Name}}={{.ConfigID}}{{"\\n"}}{{end}}' $s | sort); ` +
      "do docker config inspect --format '{{json .Spec.Data}}' ${c#*=}; done; done",
  );
  return told.replace(/^"(.*)"$/gm, (line, base64: string) => {
    const content = Buffer.from(base64, "base64");
    return content.toString().startsWith("-----BEGIN CERTIFICATE")
      ? `certificate of ${new X509Certificate(content).subjectAltName ?? "nobody"}`
      : line;
  });
}
