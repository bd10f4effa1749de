import { ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { must, projectRoot } from "../../tests/e2e/support/stack";

/** A way to a server by this machine, on which every round trip takes longer. */
export interface SlowWay {
  name: string;
  /** TCP port of this machine. */
  listen: number;
  /** Where it leads, `address:port`. */
  upstream: string;
}

/** Toxiproxy in front of servers: half of the added round trip on the way there, half on the way back. */
export class Latency {
  private child: ChildProcess | undefined;
  private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-bench-latency-"));

  constructor(private readonly apiPort: number) {}

  async start(ways: readonly SlowWay[], milliseconds: number): Promise<void> {
    const said = (await must(path.join(projectRoot, "ops", "toolchain.sh"), ["toxiproxy"])).output.trim();
    const binary = said.split("\n").pop() ?? "";
    const config = path.join(this.directory, "proxies.json");
    const proxies = ways.map(({ name, listen, upstream }) => ({
      name,
      listen: `127.0.0.1:${listen}`,
      upstream,
      enabled: true,
    }));
    fs.writeFileSync(config, JSON.stringify(proxies));
    const log = fs.openSync(path.join(this.directory, "log"), "w");
    const args = ["-config", config, "-host", "127.0.0.1", "-port", String(this.apiPort)];
    this.child = spawn(binary, args, { stdio: ["ignore", log, log] });
    // A proxy that outlives the benchmark would keep its ports from the next one.
    process.once("exit", () => this.child?.kill());
    await this.answers();
    for (const { name } of ways) {
      for (const stream of ["upstream", "downstream"]) {
        await this.request(`/proxies/${name}/toxics`, {
          type: "latency",
          stream,
          attributes: { latency: milliseconds / 2 },
        });
      }
    }
  }

  private async request(where: string, body?: object): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.apiPort}${where}`, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`toxiproxy: ${where}: ${response.status} ${await response.text()}`);
  }

  private async answers(): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      try {
        await this.request("/version");
        return;
      } catch (error) {
        if (this.child?.exitCode !== null || Date.now() > deadline) {
          const log = fs.readFileSync(path.join(this.directory, "log"), "utf8");
          throw new Error(`toxiproxy does not answer: ${String(error)}\n${log}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  stop(): void {
    this.child?.kill();
    this.child = undefined;
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Milliseconds from a connection's start to the greeting that an sshd sends: one round trip and a half at least. */
export function greeting(host: string, port: number): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(10_000, () => socket.destroy(new Error(`${host}:${port} said nothing for 10 s`)));
    socket.once("error", reject);
    socket.once("data", () => {
      socket.destroy();
      resolve(performance.now() - began);
    });
  });
}
