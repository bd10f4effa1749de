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

/** Once each of their alerts was told, counted from `since`: when, by name. */
async function untilAll(
  faults: readonly Fault[],
  status: Told["status"],
  since: (fault: Fault, name: string) => number,
  seconds: number,
): Promise<Map<string, number>> {
  const wanted = faults.flatMap((fault) =>
    Object.entries(fault.alerts).map(([name, summary]) => ({
      name,
      told: () => seen(name, status, summary, since(fault, name))?.at,
    })),
  );
  const summaries = (name: string) =>
    alarms()
      .filter(({ labels }) => labels["alertname"] === name)
      .map((one) => `${one.status}: ${one.annotations["summary"]}`);
  return until(
    status,
    () => {
      const times = wanted.map(({ name, told }) => [name, told()] as const);
      const missing = times.filter(([, at]) => at === undefined);
      return missing.length === 0
        ? Promise.resolve(new Map(times.map(([name, at = 0]) => [name, at])))
        : Promise.reject(
            new Error(missing.map(([name]) => `${name} (${summaries(name).join("; ")})`).join(", ")),
          );
    },
    seconds,
  );
}

const after = (from: number, at = 0) => `${Math.round((at - from) / 1000)} s`;

describe.each(Object.entries(rounds))("%s", (_, faultsOf) => {
  test("those on duty are told of each, and that it is over", async () => {
    const faults = faultsOf(site);
    const began = Date.now();
    // What lasts may have been told before.
    const from = ({ lasts }: Fault) => (lasts === true ? watched : began);
    for (const fault of faults) await fault.begin();
    let told = new Map<string, number>();
    let mended = 0;
    try {
      // The longest is ten minutes of figures of five; what was told already is told again only later.
      told = await untilAll(faults, "firing", from, 1300);
    } finally {
      // The first is over before the last is mended.
      mended = Date.now();
      for (const fault of faults) await fault.end();
    }
    const passing = faults.filter(({ lasts }) => lasts !== true);
    // What tells of the last minutes is over by itself, while others are waited for.
    const over = await untilAll(passing, "resolved", (_fault, name) => told.get(name) ?? mended, 1500);
    for (const fault of faults) {
      for (const name of Object.keys(fault.alerts)) {
        const at = over.get(name);
        const end = at === undefined ? "it goes on" : at < mended ? "by itself" : after(mended, at);
        rows.push([fault.cause, name, after(from(fault), told.get(name)), end]);
      }
    }
  });
});
