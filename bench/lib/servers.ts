import { LabVps } from "../../tests/e2e/support/lab";
import { logSessions } from "./labFleet";

/** Two bare servers of the lab, booted when first asked for. */
export class Servers {
  readonly first: LabVps;
  readonly second: LabVps;
  private readonly booted = new Map<LabVps, Promise<void>>();

  constructor(first: number, second: number) {
    this.first = new LabVps(first);
    this.second = new LabVps(second);
  }

  async boot(server: LabVps): Promise<void> {
    const booting = this.booted.get(server) ?? server.boot().then(() => logSessions(server));
    this.booted.set(server, booting);
    await booting;
  }

  async remove(): Promise<void> {
    for (const [server, booting] of this.booted) {
      await booting.catch(() => undefined);
      await server.down();
    }
    this.booted.clear();
  }
}
