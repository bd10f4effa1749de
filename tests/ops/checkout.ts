import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";

const root = path.join(__dirname, "..", "..");

export interface Finished {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A checkout of its own with the real ops scripts, a home of its own, and a PATH where stubs come first. */
export class Checkout {
  readonly directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "hypha-ops-")));
  readonly home = path.join(this.directory, "home");
  readonly data = path.join(this.home, ".local/share/hypha");
  private readonly bin = path.join(this.directory, "bin");
  private readonly calls = path.join(this.directory, "calls");

  constructor() {
    for (const folder of [this.home, this.bin, path.join(this.directory, "ops/lib")]) {
      fs.mkdirSync(folder, { recursive: true });
    }
    for (const folder of ["ops", "ops/lib"]) {
      for (const file of fs.readdirSync(path.join(root, folder)).filter((name) => name.endsWith(".sh"))) {
        fs.copyFileSync(path.join(root, folder, file), path.join(this.directory, folder, file));
      }
    }
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true });
  }

  /** A file in the checkout. */
  write(name: string, content: string, mode = 0o644): void {
    const file = path.join(this.directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    fs.chmodSync(file, mode);
  }

  /** A command that notes how it was called and then does what the shell text says. */
  stub(name: string, body = "", folder = "bin"): void {
    const note = `printf '%s\\n' "${path.basename(name)} $*" >>'${this.calls}'`;
    this.write(path.join(folder, name), `#!/usr/bin/env bash\n${note}\n${body}\n`, 0o755);
  }

  /** How the stubs were called, in order. */
  called(): string[] {
    return fs.existsSync(this.calls) ? fs.readFileSync(this.calls, "utf8").trim().split("\n") : [];
  }

  forgetCalls(): void {
    fs.rmSync(this.calls, { force: true });
  }

  /** `hide` names commands that must not be found, although this machine may have them. */
  run(command: string, args: string[] = [], env: NodeJS.ProcessEnv = {}, hide: string[] = []): Finished {
    const tools = hide.length === 0 ? process.env["PATH"] : this.toolsWithout(hide);
    const result = spawnSync(command, args, {
      cwd: this.directory,
      encoding: "utf8",
      input: "",
      env: { HOME: this.home, PATH: `${this.bin}:${tools}`, ...env },
    });
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  private toolsWithout(hide: string[]): string {
    const folder = path.join(this.directory, "tools");
    fs.mkdirSync(folder, { recursive: true });
    for (const source of ["/bin", "/usr/bin"]) {
      for (const name of fs.readdirSync(source).filter((tool) => !hide.includes(tool))) {
        const link = path.join(folder, name);
        if (!fs.existsSync(link)) {
          fs.rmSync(link, { force: true });
          fs.symlinkSync(path.join(source, name), link);
        }
      }
    }
    return folder;
  }
}
