import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "../..");
const BOOKWORM = "98";
const TRIXIE = "99";
const address = (n: string) => `10.77.0.1${n}`;

function vps(args: string[], env: NodeJS.ProcessEnv = {}): string {
  return execFileSync("lab/vps.sh", args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, OS: "bookworm", ENGINE: "none", ...env },
  });
}

describe("a lab server", () => {
  const scratch = mkdtempSync(join(tmpdir(), "hypha-lab-"));
  let key = "";

  /** Runs a command over SSH, believing only the host key in the file. */
  function ssh(n: string, command: string, options: { key?: string; knownHosts?: string } = {}) {
    const args = ["-i", options.key ?? key, "-F", "none", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"];
    const hosts = options.knownHosts ?? join(scratch, "known_hosts");
    args.push("-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${hosts}`);
    args.push("-o", "IdentityAgent=none", `root@${address(n)}`, command);
    return spawnSync("ssh", args, { encoding: "utf8" });
  }

  beforeAll(() => {
    vps(["down", BOOKWORM, TRIXIE]);
    vps(["up", BOOKWORM]);
    key = vps(["key"]).trim();
    writeFileSync(join(scratch, "known_hosts"), `${address(BOOKWORM)} ${vps(["hostkey", BOOKWORM])}`);
  });

  afterAll(() => {
    vps(["down", BOOKWORM, TRIXIE]);
    rmSync(scratch, { recursive: true });
  });

  test("opens to root by key, with its host key pinned, and has booted systemd", () => {
    const result = ssh(BOOKWORM, "id -un; systemctl is-system-running; cat /etc/debian_version");
    expect(result.stderr).toBe("");
    expect(result.stdout).toMatch(/^root\nrunning\n12\./);
  });

  test("comes without an engine", () => {
    expect(ssh(BOOKWORM, "command -v docker dockerd containerd").stdout).toBe("");
  });

  test("refuses another key", () => {
    const other = join(scratch, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    const result = ssh(BOOKWORM, "true", { key: other });
    expect(result.status).toBe(255);
    expect(result.stderr).toContain("Permission denied");
  });

  test("is not believed under another host key", () => {
    const other = join(scratch, "imposter");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    const line = execFileSync("ssh-keygen", ["-y", "-f", other], { encoding: "utf8" });
    const knownHosts = join(scratch, "wrong_hosts");
    writeFileSync(knownHosts, `${address(BOOKWORM)} ${line}`);
    const result = ssh(BOOKWORM, "true", { knownHosts });
    expect(result.status).toBe(255);
    expect(result.stderr).toContain("Host key verification failed");
  });

  test("installs Docker from the Debian mirror and runs a limited container with a network", () => {
    const install = ssh(
      BOOKWORM,
      "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables",
    );
    expect(install.status).toBe(0);
    expect(ssh(BOOKWORM, "docker info --format '{{.Driver}}'").stdout).toBe("overlay2\n");
    execFileSync(
      "sh",
      ["-c", `docker save debian:bookworm-slim | lab/vps.sh exec ${BOOKWORM} docker load -q`],
      {
        cwd: root,
      },
    );
    const run = ssh(
      BOOKWORM,
      "docker run --rm --memory 64m debian:bookworm-slim sh -c " +
        "'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; getent hosts deb.debian.org | wc -l'",
    );
    expect(run.stderr).not.toContain("Error");
    expect(run.stdout).toBe("67108864\n1\n");
    expect(ssh(BOOKWORM, "docker swarm init --advertise-addr eth0").stdout).toContain("Swarm initialized");
  });

  test("may be Debian 13", () => {
    vps(["up", TRIXIE], { OS: "trixie" });
    writeFileSync(join(scratch, "known_hosts"), `${address(TRIXIE)} ${vps(["hostkey", TRIXIE])}`);
    const result = ssh(TRIXIE, "systemctl is-system-running; cat /etc/debian_version");
    expect(result.stdout).toMatch(/^running\n13\./);
  });

  test("a running server of another kind is not taken for the wanted one", () => {
    expect(() => vps(["up", BOOKWORM], { OS: "trixie" })).toThrow(`lab/vps.sh down ${BOOKWORM}`);
  });

  test("is gone with its data after down, and nothing else is", () => {
    const others = () =>
      execFileSync("docker", ["ps", "-aq", "--filter", "name=^/hypha-lab-bystander$"], { encoding: "utf8" });
    execFileSync("docker", ["create", "--name", "hypha-lab-bystander", "debian:bookworm-slim", "true"]);
    try {
      vps(["down", BOOKWORM]);
      const left = execFileSync("docker", ["volume", "ls", "-q", "--filter", `name=^vps${BOOKWORM}-docker$`]);
      expect(left.toString()).toBe("");
      expect(vps(["list"])).not.toMatch(new RegExp(`^${BOOKWORM}\t`, "m"));
      expect(others()).not.toBe("");
    } finally {
      execFileSync("docker", ["rm", "hypha-lab-bystander"]);
    }
  });

  test("names what is wrong with a bad number, verb or kind", () => {
    expect(() => vps(["up", "0"])).toThrow("'0' is not a server number");
    expect(() => vps(["fly"])).toThrow("lab/vps.sh --help");
    expect(() => vps(["up", BOOKWORM], { OS: "sarge" })).toThrow("bookworm or trixie");
  });
});
