/** What a poller saw: how many answers, and each failure with its time. */
export interface PollReport {
  requests: number;
  failures: string[];
}

/** Asks again and again, each time after the last answer, until told to stop; at most `limit` times. */
export class Poller {
  private running = true;
  private readonly report: PollReport = { requests: 0, failures: [] };
  private readonly done: Promise<void>;

  constructor(probe: () => Promise<string | undefined>, pauseMilliseconds = 100, limit = 20_000) {
    this.done = this.run(probe, pauseMilliseconds, limit);
  }

  private async run(probe: () => Promise<string | undefined>, pause: number, limit: number): Promise<void> {
    while (this.running && this.report.requests < limit) {
      this.report.requests++;
      const problem = await probe().catch((error: unknown) => String(error));
      if (problem !== undefined) {
        this.report.failures.push(`${new Date().toISOString()} ${problem}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async stop(): Promise<PollReport> {
    this.running = false;
    await this.done;
    return this.report;
  }
}
