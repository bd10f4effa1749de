import { LabVps } from "../../tests/e2e/support/lab";
import { Way, directly, installPython } from "./peers";
import { SshdLoad, sshdLoad } from "./sshd";

/** Added to each round trip of the slow ways, in milliseconds. */
export const addedLatency = 50;

/** The way to a server through the proxy that `Latency` puts before it. */
export const slowly = ({ number }: LabVps): Way => ({ address: "127.0.0.1", port: 22000 + number });

export const ways = { direct: directly, slow: slowly } as const;

/**
 * What a tool's preparation leaves on a server is taken back, logins included: all tools start from the same. Of the
 * listening sshd the name goes on with a path, of a login with its account.
 */
const reset = `
docker swarm leave --force >/dev/null 2>&1 || true
if id muser >/dev/null 2>&1; then pkill -KILL -u muser || true; userdel --force --remove muser 2>/dev/null; fi
rm -rf /home/muser /var/log/hypha /etc/logrotate.d/hypha
if [ -e /etc/docker/daemon.json ]; then
  rm /etc/docker/daemon.json
  systemctl reset-failed docker
  systemctl restart docker
fi
systemctl reset-failed docker 2>/dev/null || true
pkill -f '^sshd: [a-z]' || true
docker info --format '{{.Swarm.LocalNodeState}}'
`;

/** From now on sshd logs each connection and session, as `sshdLoad` reads it. */
export async function logSessions(server: LabVps): Promise<void> {
  await server.exec(
    "echo LogLevel VERBOSE >/etc/ssh/sshd_config.d/00-bench.conf && systemctl reload-or-restart ssh",
  );
}

/** What a server's sshd saw since then, in seconds since 1970. */
export async function sshdLoadOf(server: LabVps, since: number): Promise<SshdLoad> {
  const log = await server.exec(`journalctl -u ssh --no-pager -o cat --since @${since.toFixed(3)}`);
  return sshdLoad(log);
}

/** Servers with a Docker engine, and nothing else of what the tools prepare. */
export class LabFleet {
  readonly servers: readonly LabVps[];
  private booting: Promise<unknown> | undefined;

  constructor(numbers: readonly number[]) {
    this.servers = numbers.map((number) => new LabVps(number));
  }

  async boot(): Promise<void> {
    // Settled, not raced: removing them must not meet one that still boots.
    const boots = Promise.allSettled(this.servers.map((server) => this.bootOne(server)));
    this.booting = boots;
    for (const outcome of await boots) {
      if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  private async bootOne(server: LabVps): Promise<void> {
    await server.boot({ ENGINE: "preinstalled", LAB_WAIT: "300" });
    await installPython(server);
    // Hypha's audit log wants logrotate; with it and fresh package lists no tool waits for packages.
    await server.exec(
      "apt-get -qq install -y --no-install-recommends logrotate ca-certificates >/dev/null && " +
        "mkdir -p /var/lib/apt/periodic && touch /var/lib/apt/periodic/update-success-stamp",
    );
    await logSessions(server);
  }

  async reset(servers: readonly LabVps[]): Promise<void> {
    await Promise.all(
      servers.map(async (server) => {
        const said = (await server.exec(reset)).trim();
        if (!said.endsWith("inactive")) throw new Error(`vps${server.number} is not as at first: ${said}`);
      }),
    );
  }

  /** What each server's sshd saw while the work was done. */
  async watch<T>(servers: readonly LabVps[], work: () => Promise<T>): Promise<[T, SshdLoad[]]> {
    const since = Date.now() / 1000;
    const result = await work();
    const loads = await Promise.all(servers.map((server) => sshdLoadOf(server, since)));
    return [result, loads];
  }

  async remove(): Promise<void> {
    await this.booting;
    if (this.booting !== undefined) await Promise.all(this.servers.map((server) => server.down()));
    this.booting = undefined;
  }
}
