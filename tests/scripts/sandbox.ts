import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { shellAssign } from "../../components/shell/quote";
import { parseAnswers } from "../../ops/lib/facts";
import { projectFile } from "../components/fixtures";

/** Tools that only compute: the real ones. Whatever else a script calls is a stub, or is missing. */
const tools = (
  "awk bash basename cat chmod cmp cp cut diff dirname env find grep gzip head install ln ls mkdir mktemp mv rm sed " +
  "sha256sum sort tail tar touch tr true false uniq wc"
).split(" ");

/** Directories of a host that scripts read or write; in a sandbox each stands below its root. */
const hostPaths =
  /(?<![\w}])\/(etc\/zinit|sys\/class\/dmi\/id|sys\/kernel\/security\/apparmor|run\/cloud-init|etc\/(?:os-release|docker|apt|hypha|ssh|fail2ban|systemd|tmpfiles\.d|sysctl\.d|needrestart|modprobe\.d|security|profile\.d|audit|issue|motd\.d|pam\.d|logrotate\.d|mycelium)|proc\/(?:meminfo|mounts|1\/comm|modules|swaps|sys)|run\/(?:systemd\/system|sshd|hypha)|lib\/systemd\/systemd-socket-proxyd|var\/lib\/(?:docker|hypha|mycelium)|usr\/local\/lib\/hypha|var\/log\/hypha|usr\/local\/share\/ca-certificates)/g;

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A host of stubs: a root directory for what scripts read and write, and a PATH on which every command is known. */
export class Sandbox {
  readonly root = mkdtempSync(join(tmpdir(), "hypha-script-"));
  private readonly bin = join(this.root, "bin");
  private readonly log = join(this.root, "calls");

  constructor() {
    mkdirSync(this.bin);
    for (const tool of tools) {
      const real = (process.env["PATH"] ?? "")
        .split(":")
        .map((path) => join(path, tool))
        .find(existsSync);
      if (real === undefined) throw new Error(`this machine has no ${tool}`);
      symlinkSync(real, join(this.bin, tool));
    }
    this.stub("sleep");
    // The owner cannot be set in a test that is not root's, so the path tells it; the mode is the real one.
    this.stub(
      "stat",
      `owner=root group=root
       case \${@: -1} in */muser-home*) owner=muser group=muser ;; */var/log/hypha | */hypha/deployments) group=muser ;;
         */var/lib/mycelium*) owner=mycelium group=mycelium ;; esac
       printf 'mode %s, owner %s:%s\\n' "$(PATH=${process.env["PATH"] ?? ""} command stat -c %a "\${@: -1}")" "$owner" "$group"`,
    );
  }

  /**
   * A command that notes its arguments and then runs `body`, in bash; `$N` is how often it was called, this call
   * included. The arguments are also in `$*`.
   */
  stub(name: string, body = ""): this {
    const count = join(this.root, `${name}.count`);
    const path = join(this.bin, name);
    rmSync(path, { force: true });
    writeFileSync(
      path,
      `#!${join(this.bin, "bash")}\nline="${name}\${*:+ }$*"\nprintf '%s\\n' "\${line//$'\\n'/ }" >>'${this.log}'\n` +
        `printf . >>'${count}'\nN=$(wc -c <'${count}')\n${body}\n`,
    );
    chmodSync(path, 0o755);
    return this;
  }

  /** The machine's own `name`, not noted. */
  real(name: string): this {
    rmSync(join(this.bin, name), { force: true });
    symlinkSync(this.realPath(name), join(this.bin, name));
    return this;
  }

  /** Where the machine's own `name` is. */
  realPath(name: string): string {
    const found = (process.env["PATH"] ?? "")
      .split(":")
      .map((path) => join(path, name))
      .find(existsSync);
    if (found === undefined) throw new Error(`this machine has no ${name}`);
    return found;
  }

  file(path: string, text: string): this {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
    return this;
  }

  directory(path: string): this {
    mkdirSync(join(this.root, path), { recursive: true });
    return this;
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  /** Names in a directory. */
  entries(path: string): string[] {
    return readdirSync(join(this.root, path));
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** What was called so far, one line each. */
  calls(): string[] {
    return existsSync(this.log) ? readFileSync(this.log, "utf8").trimEnd().split("\n") : [];
  }

  /** Runs a script as Pulumi does: library and script on standard input, its variables before them. */
  run(
    script: string,
    variables: Readonly<Record<string, string>> = {},
    verb: "up" | "check" | "down" = "up",
    libraries: readonly string[] = [],
  ): Run {
    return this.bash(projectFile("components", script), variables, verb, libraries);
  }

  /** Runs some lines after the libraries, and after further ones below `components/`. */
  bash(
    lines: string,
    variables: Readonly<Record<string, string>> = {},
    verb = "up",
    further: readonly string[] = [],
  ): Run {
    const text = [...further.map((library) => projectFile("components", library)), lines].join("");
    const moved = text.replaceAll(hostPaths, (path) => `${this.root}${path}`);
    const input = `${shellAssign({ HOST_NAME: "web1", ...variables })}${libraries()}${moved}`;
    const { status, stdout, stderr } = spawnSync(join(this.bin, "bash"), ["-s", "--", verb], {
      input,
      encoding: "utf8",
      cwd: this.root,
      env: { PATH: this.bin, HOME: this.root, TMPDIR: this.directory("tmp").root + "/tmp" },
      timeout: 20_000,
    });
    return { code: status ?? -1, stdout, stderr };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What is sent before every script. */
const libraries = (): string =>
  ["lib.sh", "facts.sh"].map((file) => projectFile("components", "shell", file)).join("");

/** What `check` printed, by thing: its diff without the header, or `ok`. */
export function facts(run: Run): Record<string, string> {
  const [answer] = parseAnswers(`${run.stdout}end\t${run.code}\n`);
  return Object.fromEntries(
    (answer?.facts ?? []).map(({ kind, name, diff }) => [
      `${kind} ${name.replace(/^.*\/hypha-script-[^/]*/, "")}`,
      diff === undefined ? "ok" : diff.replace(/^(---|\+\+\+|@@).*\n/gm, ""),
    ]),
  );
}

/** What a failure must say: the host, what is wrong, what to do. */
export const failure = (what: string, fix: string) => ({
  code: 1,
  stderr: expect.stringContaining(`web1: ${what}\nweb1: what to do: ${fix}`) as string,
});
