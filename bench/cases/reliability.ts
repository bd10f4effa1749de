import * as os from "os";
import { Poller } from "../../tests/e2e/support/poller";
import { LabVps, unhardened } from "../../tests/e2e/support/lab";
import { ReleaseCheckout } from "../../tests/e2e/support/releases";
import { Run, Running } from "../../tests/e2e/support/stack";
import { Site, siteRequest } from "../../ops/lib/site";
import { isBroken, metricsOf, moments, Outcome, Planned, planOf } from "../lib/faultPlan";
import { Row, summarize } from "../lib/rows";
import { Case, Log } from "../lib/series";

export interface ReliabilityArgs {
  deployments: number;
  /** When to end, with what was made until then. */
  minutes: number;
  /** What the faults follow from. */
  seed: number;
}

/** How often the same command is given in all before it counts as stuck. */
const mostRuns = 3;
const redeploys = 5;

const group = "reliability";

/** One stack on one server, deployed again and again by the real tool while faults strike. */
class Reliability {
  private readonly checkout = new ReleaseCheckout("reliable");
  private site: Site | undefined;
  private good = "none";

  constructor(
    private readonly server: LabVps,
    private readonly log: Log,
  ) {}

  private async commit(release: string, env: object = {}, source?: object): Promise<void> {
    this.checkout.configure({
      hosts: { vps: await this.server.host({ hardening: unhardened }) },
      edge: { domain: "reliable.test" },
      chat: {
        bridge: { env: { RELEASE: release, ...env }, ...(source === undefined ? {} : { source }) },
        postgres: { keepData: false },
      },
    });
    this.checkout.commit(release);
  }

  async first(): Promise<number> {
    await this.server.boot({ ENGINE: "preinstalled" });
    await this.checkout.init();
    await this.commit("release-0");
    const run = await this.checkout.run("deploy", ["--yes"]);
    if (run.code !== 0) throw new Error(`the first deployment failed:\n${run.output.slice(-4000)}`);
    this.site = await this.checkout.site();
    this.good = "release-0";
    return run.seconds;
  }

  private readonly probe = async (): Promise<string | undefined> => {
    if (this.site === undefined) return "no site";
    const { status, body } = await siteRequest(this.site, "/api/v1/bridge/status", { timeoutSeconds: 5 });
    return status === 200 && body.includes("connected_servers") ? undefined : String(status);
  };

  /** Which release the bridge's service runs. */
  private async running(): Promise<string | undefined> {
    const env = "{{json .Spec.TaskTemplate.ContainerSpec.Env}}";
    const said = await this.server.exec(
      `docker service inspect hypha-reliable-bridge --format '${env}' 2>&1 || true`,
    );
    return /"RELEASE=([\w-]+)"/.exec(said)?.[1];
  }

  private deploy(): Running {
    return this.checkout.start("deploy", ["--yes"], { ROLLBACK_ON_FAILURE: "true" });
  }

  private async strike({ kind, moment }: Planned, running: Running): Promise<void> {
    const said = await seen(running, moments[moment]);
    const { pid } = running.process;
    if (said === undefined) return;
    switch (kind) {
      case "SIGKILL":
      case "SIGINT":
        if (pid !== undefined && running.process.exitCode === null) process.kill(-pid, kind);
        return;
      case "engine restarted":
        await this.server.exec("systemctl restart docker");
        return;
      case "network cut for 15 s":
        await this.server.cutOff(() => new Promise((resolve) => setTimeout(resolve, 15_000)));
        return;
      case "a second operator": {
        const second = await this.deploy().ended;
        if (second.code !== 2) this.log(`the second operator ended with ${second.code ?? second.signal}`);
        return;
      }
      default:
        return;
    }
  }

  async one(number: number, planned: Planned): Promise<Outcome> {
    const release = `release-${number}`;
    const broken = isBroken(planned.kind);
    const mute = planned.kind === "the new version never answers";
    await this.commit(
      release,
      broken && !mute ? { PATH: "/nowhere" } : {},
      mute ? { kind: "artifacts", path: "tests/e2e/fixtures/mute-bridge" } : undefined,
    );
    const poller = new Poller(this.probe, 200);
    const exits: string[] = [];
    let rollback: Outcome["rollback"];
    let seconds = 0;
    for (let run = 1; run <= mostRuns; run++) {
      const running = this.deploy();
      const failedAt = seen(running, /^The deployment failed\.$/m);
      const backAt = seen(running, /^Version \d+ (is back|could not be put back)|was not put back/m);
      const [ended] = await Promise.all([
        running.ended,
        run === 1 ? this.strike(planned, running) : undefined,
      ]);
      exits.push(String(ended.code ?? ended.signal));
      if (run === 1) seconds = ended.seconds;
      const [failed, back] = await Promise.all([failedAt, backAt]);
      if (failed !== undefined && back !== undefined) {
        const ok = /^Version \d+ is back and answers/m.test(ended.output);
        rollback = { ok: ok && (rollback?.ok ?? true), seconds: (back - failed) / 1000 };
      }
      if (ended.code === 0 || broken) break;
      this.log(`${release}: run ${run} ended with ${exits.at(-1) ?? ""}: ${lastWords(ended)}`);
    }
    const wanted = broken ? this.good : release;
    const recovered = (await this.running()) === wanted && (await this.answers());
    if (!broken && recovered) this.good = release;
    const { requests, failures } = await poller.stop();
    if (failures.length > 0) this.log(`${release}: from ${failures[0] ?? ""} to ${failures.at(-1) ?? ""}`);
    const outcome = { ...planned, exits, recovered, seconds, requests, failed: failures.length };
    return rollback === undefined ? outcome : { ...outcome, rollback };
  }

  private async answers(): Promise<boolean> {
    const deadline = Date.now() + 30_000;
    while ((await this.probe().catch((error: unknown) => String(error))) !== undefined) {
      if (Date.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return true;
  }

  /** Seconds of `make redeploy` of an earlier version that another has followed, back and forth. */
  async redeploy(): Promise<number[]> {
    const { output } = await this.checkout.run("history", ["--json", "--lines", "1000"]);
    const versions = (JSON.parse(output) as { version: number; result: string; changes: object }[])
      .filter(({ result, changes }) => result === "succeeded" && Object.keys(changes).length > 0)
      .map(({ version }) => version)
      .slice(-redeploys - 1, -1);
    const values: number[] = [];
    for (const version of versions.reverse()) {
      const run = await this.checkout.run("redeploy", ["--version", String(version), "--yes"]);
      if (run.code !== 0) throw new Error(`redeploy of ${version}: ${run.output.slice(-2000)}`);
      values.push(run.seconds);
    }
    return values;
  }

  async remove(): Promise<void> {
    await this.server.down();
    this.checkout.remove();
  }
}

/** When a command first said something, in milliseconds; undefined where it ended without. */
async function seen(running: Running, pattern: RegExp): Promise<number | undefined> {
  const ended = running.ended.then(() => true);
  for (;;) {
    const over = await Promise.race([
      ended,
      new Promise<boolean>((resolve) => setTimeout(resolve, 50, false)),
    ]);
    if (pattern.test(running.output())) return performance.now();
    if (over) return undefined;
  }
}

const lastWords = ({ output }: Run): string => output.trim().split("\n").slice(-3).join(" / ").slice(0, 400);

/** Rows of what became of all deployments. */
export function reliabilityRows(outcomes: readonly Outcome[]): Row[] {
  const plain = outcomes.filter(({ kind }) => kind === "nothing").map(({ seconds }) => seconds);
  const backs = outcomes.flatMap(({ rollback }) => (rollback === undefined ? [] : [rollback.seconds]));
  const kindsMet = [...new Set(outcomes.map(({ kind }) => kind))];
  return [
    ...metricsOf(outcomes).map(({ name, percent, shown }): Row => {
      return { group, name, unit: "%", values: Number.isNaN(percent) ? [] : [percent], note: shown };
    }),
    {
      group,
      name: "up, one changed variable, no fault",
      unit: "s",
      values: plain,
      note: "the whole of make up's last phase",
    },
    {
      ...{ group, name: "from the failure to the old version confirmed", unit: "s", values: backs },
      note: "its checks, preview, up and questions to the site; Swarm had put the old tasks back before",
    },
    ...kindsMet.map((kind): Row => {
      const own = outcomes.filter((one) => one.kind === kind);
      const sum = (of: (one: Outcome) => number) => own.reduce((total, one) => total + of(one), 0);
      const again = own.filter(({ exits }) => exits.length > 1).length;
      const note = `${own.length} deployments, ${again} with a second run; ${sum(({ requests }) => requests)} requests`;
      return {
        group,
        name: `failed requests: ${kind}`,
        unit: "requests",
        values: own.map(({ failed }) => failed),
        note,
      };
    }),
  ];
}

/** Deployments with random faults, one after the other, on a server of its own. */
export function reliability(server: LabVps, { deployments, minutes, seed }: ReliabilityArgs): Case {
  let runs: Reliability | undefined;
  return {
    group,
    prepare: async (log, stop) => {
      runs = new Reliability(server, log);
      log(`${group}: seed ${seed}, ${deployments} deployments`);
      await runs.first();
      const outcomes: Outcome[] = [];
      const end = Date.now() + minutes * 60_000;
      for (const [index, planned] of planOf(seed, deployments).entries()) {
        stop?.throwIfAborted();
        if (Date.now() > end) break;
        const outcome = await runs.one(index + 1, planned);
        outcomes.push(outcome);
        log(`${group}: ${index + 1}: ${JSON.stringify(outcome)}`);
      }
      const note = "an earlier version, one variable differs";
      const redeployed: Row = { group, name: "redeploy", unit: "s", values: await runs.redeploy(), note };
      const rows = [...reliabilityRows(outcomes), redeployed];
      const load = os.loadavg().map((one) => one.toFixed(1));
      rows.push({
        group,
        name: "deployments",
        unit: "deployments",
        values: [outcomes.length],
        note: `seed ${seed}; load average ${load.join(", ")} at the end`,
      });
      log(rows.map(({ name, values }) => `${name}: ${summarize(values)?.median ?? "none"}`).join("\n"));
      return rows;
    },
    series: [],
    cleanUp: async () => runs?.remove(),
  };
}
