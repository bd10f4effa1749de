import * as path from "path";
import { hardening } from "../../../components/config/hardening";
import { must, projectRoot, Run, start } from "./stack";

/** With HYPHA_LAB=vm the servers are virtual machines, with a kernel of their own. */
const script = path.join(projectRoot, "lab", process.env["HYPHA_LAB"] === "vm" ? "vm.sh" : "vps.sh");

/** Every measure of hardening switched off: for stories and figures that are about something else. */
export const unhardened = Object.fromEntries(
  Object.keys(hardening.parse({})).map((measure) => [measure, { enabled: false }]),
);

/** A server of the lab, by its number. */
export class LabVps {
  readonly address: string;

  constructor(readonly number: number) {
    this.address = `10.77.0.1${number}`;
  }

  /** A fresh server: whatever was there under its number goes first. */
  async boot(env: NodeJS.ProcessEnv = {}): Promise<void> {
    await must(script, ["down", String(this.number)]);
    await must(script, ["up", String(this.number)], { env });
  }

  async down(): Promise<void> {
    await must(script, ["down", String(this.number)]);
  }

  async hostKey(): Promise<string> {
    const line = (await must(script, ["hostkey", String(this.number)])).output.trim();
    return line.split(/\s+/).slice(0, 2).join(" ");
  }

  /** Runs a shell command in the server, beside SSH. */
  async exec(command: string): Promise<string> {
    return (await must(script, ["exec", String(this.number), "bash", "-c", command])).output;
  }

  /** What is done while no packet reaches it. */
  async cutOff<T>(meanwhile: () => Promise<T>): Promise<T> {
    await must(script, ["unplug", String(this.number)]);
    try {
      return await meanwhile();
    } finally {
      await must(script, ["plug", String(this.number)]);
    }
  }

  /** Gives its engine an image of the local one. */
  async load(image: string): Promise<void> {
    await must(script, ["load", String(this.number), image]);
  }

  /** Its power fails and comes back. */
  async restart(): Promise<void> {
    await must(script, ["restart", String(this.number)]);
  }

  startExec(command: string): Promise<Run> {
    return start(script, ["exec", String(this.number), "bash", "-c", command]).ended;
  }

  /** The TCP ports that answer, seen from here: the server's neighbour on the network. */
  async openPorts(): Promise<number[]> {
    const scan = ["-n", "-Pn", "-p-", "--min-rate=8000", "--max-retries=1", "-T5", "-oG", "-"];
    const { output } = await must("nmap", [...scan, this.address]);
    return [...output.matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => Number(port));
  }

  /** Logins that sshd accepted since it started. */
  async logins(): Promise<number> {
    return Number(
      (await this.exec("journalctl -u ssh --no-pager | grep -c 'Accepted publickey' || true")).trim(),
    );
  }

  /** It as a host of a stack: too small for anything but the lab. */
  async host(more: object = {}): Promise<object> {
    return {
      kind: "vps",
      address: this.address,
      hostKey: await this.hostKey(),
      identity: { keyFile: await LabVps.keyFile() },
      minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      ...more,
    };
  }

  static async keyFile(): Promise<string> {
    return (await must(script, ["key"])).output.trim();
  }
}
