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
import { keep } from "../e2e/support/stack";

/**
 * An hour in which nothing is wrong, with visitors, messages and two releases: nobody on duty is told of anything.
 * HYPHA_QUIET_MINUTES is for who has less time.
 */
const minutes = Number(process.env["HYPHA_QUIET_MINUTES"] ?? 60);
let site: Site;

/** What is true of the machine under the lab, or of the sample of the Mycelium node, which has no peers. */
const machine = ["ClockSkew", "ClockUnsynchronised", "CpuBusy", "CpuSteal", "MemoryLow", "MyceliumNoPeers"];

beforeAll(() => begin());

afterAll(end);

test("two servers are watched", async () => {
  configure("hello");
  await up("quiet");
  site = await stack.site();
  await openPages();
  await targetsUp();
  await watchdogHeard();
});

async function release(greeting: string): Promise<void> {
  configure(greeting);
  await deploy(`quiet-${greeting}`);
}

test("visitors, messages and releases set off no alert", async () => {
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
  const fired = await ask(
    `count_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[${Math.ceil(minutes)}m])`,
  );
  keep(
    "quiet.txt",
    [
      `${visits} visits in ${minutes} minutes, failed: ${failed.join(", ") || "none"}`,
      ...fired.map(({ metric, value: [, samples] }) => `${JSON.stringify(metric)} in ${samples} samples`),
      ...alarms().map(
        ({ status, labels, annotations }) =>
          `told: ${status} ${labels["alertname"]}: ${annotations["summary"]}`,
      ),
    ].join("\n") + "\n",
  );
  expect(failed).toEqual([]);
  const names = alarms().map(({ labels }) => labels["alertname"] ?? "");
  expect(names.filter((name) => !machine.includes(name))).toEqual([]);
});
