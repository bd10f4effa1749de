import { Site, siteRequest } from "../../ops/lib/site";
import {
  alarms,
  ask,
  begin,
  configure,
  deploy,
  end,
  message,
  openPages,
  stack,
  targetsUp,
  up,
  watchdogHeard,
} from "../e2e/support/observed";
import { table } from "../e2e/support/faultTable";
import { given, real, removeGiven } from "../e2e/support/given";
import { keep } from "../e2e/support/stack";

/**
 * An hour in which nothing is wrong, with visitors, messages and two releases: nobody on duty is told of anything. What it
 * cost to watch is kept. HYPHA_QUIET_MINUTES is for who has less time. With HYPHA_LOKI, HYPHA_ALLOY and HYPHA_GRAFANA
 * those are there, too.
 */
const minutes = Number(process.env["HYPHA_QUIET_MINUTES"] ?? 60);
/** All of it, as PromQL says it. */
const range = `${Math.ceil(minutes)}m`;
let site: Site;

/** What is true of the machine under the lab, or of the sample of the Mycelium node, which has no peers. */
const machine = ["ClockSkew", "ClockUnsynchronised", "CpuBusy", "CpuSteal", "MemoryLow", "MyceliumNoPeers"];

beforeAll(() => begin());

afterAll(async () => {
  await end();
  removeGiven();
});

const programs = Object.values(real).every((one) => one !== undefined) ? given() : {};
/** As users have it, and not as tests do that wait. */
const settings = (greeting: string): void => {
  configure(greeting, { observability: { scrapeSeconds: 15, ...programs } });
};

test("two servers are watched", async () => {
  settings("hello");
  await up("quiet");
  site = await stack.site();
  await openPages();
  await targetsUp();
  await watchdogHeard();
});

async function release(greeting: string): Promise<void> {
  settings(greeting);
  await deploy(`quiet-${greeting}`);
}

const service = "container_label_com_docker_swarm_service_name";
const watching = `${service}=~"hypha-observe-(prometheus|alertmanager|loki|grafana|blackbox|.+-exporter|(node|containers|alloy)-.+)"`;

/** What each service that watches has taken: parts of a processor, and MiB at most. */
async function cost(): Promise<string> {
  const by = async (query: string) =>
    new Map((await ask(query)).map(({ metric, value: [, text] }) => [metric[service] ?? "", Number(text)]));
  const cpus = await by(
    `sum by (${service}) (rate(container_cpu_usage_seconds_total{${watching}}[${range}]))`,
  );
  const peaks = await by(
    `max by (${service}) (max_over_time(container_memory_working_set_bytes{${watching}}[${range}])) / 2^20`,
  );
  const rows = [...cpus].map(([name, used]) => [
    name.replace("hypha-observe-", ""),
    used.toFixed(4),
    (peaks.get(name) ?? NaN).toFixed(0),
  ]);
  const sum = (figures: Map<string, number>) => [...figures.values()].reduce((all, one) => all + one, 0);
  return table(
    ["service", "CPUs", "MiB at most"],
    [...rows.sort(), ["together", sum(cpus).toFixed(3), sum(peaks).toFixed(0)]],
  );
}

test(
  "visitors, messages and releases set off no alert",
  async () => {
    const began = Date.now();
    const passed = () => (Date.now() - began) / 60_000 / minutes;
    const then: [number, () => Promise<void>][] = [
      [0, message],
      [0.3, () => release("morning")],
      [0.5, message],
      [0.6, () => release("evening")],
      [0.9, message],
    ];
    let doing: Promise<void> = Promise.resolve();
    let visits = 0;
    const failed: string[] = [];
    while (passed() < 1) {
      const next = then[0];
      if (next !== undefined && passed() >= next[0]) {
        then.shift();
        doing = doing.then(next[1]);
        // It is told of once the time is over.
        doing.catch(() => undefined);
      }
      const status = await siteRequest(site, "/api/rooms/list").then(
        (answer) => answer.status,
        (error: unknown) => String(error),
      );
      visits += 1;
      if (status !== 200) failed.push(`${new Date().toISOString()} ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    await doing;
    expect(then).toEqual([]);
    const fired = await ask(`count_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[${range}])`);
    keep(
      "quiet.txt",
      [
        `${visits} visits in ${minutes} minutes, failed: ${failed.join(", ") || "none"}`,
        ...fired.map(({ metric, value: [, samples] }) => `${JSON.stringify(metric)} in ${samples} samples`),
        ...alarms().map(
          ({ status, labels, annotations }) =>
            `told: ${status} ${labels["alertname"]}: ${annotations["summary"]}`,
        ),
        await cost(),
      ].join("\n") + "\n",
    );
    expect(failed).toEqual([]);
    const names = alarms().map(({ labels }) => labels["alertname"] ?? "");
    expect(names.filter((name) => !machine.includes(name))).toEqual([]);
  },
  (minutes + 15) * 60_000,
);
