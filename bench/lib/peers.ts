import { createHash } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { stringify } from "yaml";
import { LabVps } from "../../tests/e2e/support/lab";
import { must, projectRoot } from "../../tests/e2e/support/stack";
import { ansibleVerdict, pyinfraVerdict, Verdict } from "./verdicts";

const sources = path.join(projectRoot, "bench", "peers");

/** A Python environment with both tools, kept in the user's cache for as long as the pinned versions stay. */
async function environment(): Promise<string> {
  const requirements = path.join(sources, "requirements.txt");
  const hash = createHash("sha256").update(fs.readFileSync(requirements)).digest("hex").slice(0, 12);
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");
  const venv = path.join(cache, "hypha", "bench", `venv-${hash}`);
  // Written last: a half-made environment is made again.
  const complete = path.join(venv, ".complete");
  if (!fs.existsSync(complete)) {
    await must("python3", ["-m", "venv", "--clear", venv]);
    await must(path.join(venv, "bin", "pip"), [
      ...[
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--requirement",
        requirements,
      ],
    ]);
    fs.writeFileSync(complete, "");
  }
  return path.join(venv, "bin");
}

/** Where SSH reaches a server. */
export interface Way {
  address: string;
  port: number;
}

export const directly = ({ address }: LabVps): Way => ({ address, port: 22 });

/** What both tools need on a server, and Hypha does not: Python is there, Ansible wants apt's bindings too. */
export async function installPython(server: LabVps): Promise<void> {
  await server.exec("apt-get -qq update && apt-get -qq install -y python3 python3-apt >/dev/null");
}

/** The two tools, with the same servers, key and pinned host keys. */
export class Peers {
  private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-bench-peers-"));
  private bin = "";

  async prepare(servers: readonly LabVps[], way: (server: LabVps) => Way = directly): Promise<void> {
    this.bin = await environment();
    const keyFile = await LabVps.keyFile();
    const knownHosts = path.join(this.directory, "known_hosts");
    const lines = await Promise.all(
      servers.map(async (server) => {
        const { address, port } = way(server);
        return `${port === 22 ? address : `[${address}]:${port}`} ${await server.hostKey()}\n`;
      }),
    );
    fs.writeFileSync(knownHosts, lines.join(""));
    this.writeInventories(
      servers.map((server) => ({ name: server.address, ...way(server) })),
      keyFile,
      knownHosts,
    );
  }

  private writeInventories(
    servers: readonly (Way & { name: string })[],
    keyFile: string,
    knownHosts: string,
  ): void {
    const publicKey = `${keyFile}.pub`;
    const login = { ssh_user: "root", ssh_key: keyFile, ssh_known_hosts_file: knownHosts };
    const data = { ...login, ssh_strict_host_key_checking: "yes", public_key: publicKey };
    const entries = servers.map(({ name, address, port }) => {
      return `("${name}", ${JSON.stringify({ ...data, ssh_hostname: address, ssh_port: port })})`;
    });
    fs.writeFileSync(path.join(this.directory, "inventory.py"), `hosts = [${entries.join(", ")}]\n`);
    const vars = {
      ansible_user: "root",
      ansible_ssh_private_key_file: keyFile,
      ansible_ssh_common_args: `-o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`,
      ansible_python_interpreter: "/usr/bin/python3",
      public_key: publicKey,
    };
    const hosts = Object.fromEntries(
      servers.map(({ name, address, port }) => [name, { ansible_host: address, ansible_port: port }]),
    );
    fs.writeFileSync(path.join(this.directory, "inventory.yml"), stringify({ all: { hosts, vars } }));
  }

  /** Seconds; `settled` demands that nothing was changed. */
  async pyinfra(addresses: string[], settled: boolean): Promise<number> {
    const limits = addresses.flatMap((address) => ["--limit", address]);
    const args = ["-y", ...limits, "inventory.py", path.join(sources, "deploy.py")];
    const run = await must(path.join(this.bin, "pyinfra"), args, { cwd: this.directory });
    check("pyinfra", pyinfraVerdict(run.output), addresses.length, settled);
    return run.seconds;
  }

  async ansible(addresses: string[], settled: boolean): Promise<number> {
    const args = ["-i", "inventory.yml", "--limit", addresses.join(","), path.join(sources, "playbook.yml")];
    const env = {
      ANSIBLE_CONFIG: path.join(sources, "ansible.cfg"),
      ANSIBLE_HOME: path.join(this.directory, "ansible"),
    };
    const run = await must(path.join(this.bin, "ansible-playbook"), args, { cwd: this.directory, env });
    check("ansible", ansibleVerdict(run.output), addresses.length, settled);
    return run.seconds;
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A run counts only when it went through every server, failed on none, and changed nothing where nothing was due. */
function check(tool: string, verdict: Verdict, hosts: number, settled: boolean): void {
  if (verdict.hosts !== hosts || verdict.failed > 0 || (settled && verdict.changed > 0)) {
    throw new Error(
      `${tool}: ${hosts} hosts${settled ? " and no change" : ""} expected: ${JSON.stringify(verdict)}`,
    );
  }
}
