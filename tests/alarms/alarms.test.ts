import { Site } from "../../ops/lib/site";
import { table } from "../e2e/support/faultTable";
import {
  alarms,
  begin,
  configure,
  end,
  openPages,
  stack,
  targetsUp,
  Told,
  until,
  up,
} from "../e2e/support/observed";
import { keep } from "../e2e/support/stack";
import { Fault, stopAsking } from "./support/fault";
import { rounds } from "./support/rounds";

/**
 * Alerts by real faults, on two servers: each must be told to a receiver, and told as over once it is. It takes most of an
 * hour of waiting, and is a stage of its own that runs where it is named: `ops/test.sh alarms`.
 */
let site: Site;
const rows: string[][] = [];
let watched = 0;

beforeAll(async () => {
  // The gateway is on another host than its database: it goes by the pooler.
  await begin({ web1: ["data", "edge"], watch: ["manager", "observe", "app"] });
});

afterAll(async () => {
  await stopAsking();
  keep("alarms.md", table(["what goes wrong", "alert", "told after", "over after"], rows));
  await end();
});

test("two servers are watched, by one who takes alerts and one who refuses them", async () => {
  configure("hello", { receivers: { pager: { kind: "webhook", urlEnv: "REFUSES_URL" } } });
  await up("alarms");
  site = await stack.site();
  await openPages();
  await targetsUp();
  watched = Date.now();
});

/** The first that was told of an alert with this summary, and when. */
const seen = (name: string, status: Told["status"], summary: RegExp, after: number) =>
  alarms().find(
    (one) =>
      one.at >= after &&
      one.status === status &&
      one.labels["alertname"] === name &&
      summary.test(one.annotations["summary"] ?? ""),
  );

/** Once each of their alerts was told: how many seconds that took, by name. */
async function untilAll(faults: readonly Fault[], status: Told["status"], began: number, seconds: number) {
  const wanted = faults.flatMap(({ alerts, lasts }) =>
    Object.entries(alerts).map(([name, summary]) => {
      // What lasts may have been told before.
      const since = lasts === true ? watched : began;
      return { name, since, told: () => seen(name, status, summary, since) };
    }),
  );
  const summaries = (name: string) =>
    alarms()
      .filter(({ labels }) => labels["alertname"] === name)
      .map(({ annotations }) => annotations["summary"]);
  await until(
    status,
    () => {
      const missing = wanted.filter(({ told }) => told() === undefined);
      return missing.length === 0
        ? Promise.resolve(true)
        : Promise.reject(
            new Error(missing.map(({ name }) => `${name} (${summaries(name).join("; ")})`).join(", ")),
          );
    },
    seconds,
  );
  return new Map(
    wanted.map(({ name, since, told }) => [name, Math.round(((told()?.at ?? since) - since) / 1000)]),
  );
}

describe.each(Object.entries(rounds))("%s", (_, faultsOf) => {
  test("those on duty are told of each, and that it is over", async () => {
    const faults = faultsOf(site);
    const began = Date.now();
    for (const fault of faults) await fault.begin();
    let told = new Map<string, number>();
    let mended = 0;
    try {
      // The longest is ten minutes of figures of five; what was told already is told again only later.
      told = await untilAll(faults, "firing", began, 1300);
    } finally {
      // The first is over before the last is mended.
      mended = Date.now();
      for (const fault of faults) await fault.end();
    }
    const over = await untilAll(
      faults.filter(({ lasts }) => lasts !== true),
      "resolved",
      mended,
      1500,
    );
    for (const { cause, alerts } of faults) {
      for (const name of Object.keys(alerts)) {
        const after = over.get(name);
        rows.push([cause, name, `${told.get(name)} s`, after === undefined ? "it goes on" : `${after} s`]);
      }
    }
  });
});
