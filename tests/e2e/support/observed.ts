import { createServer } from "http";
import { LabVps } from "./lab";
import { expectSuccess, keep, Running, Stack, start, until as untilSeen, untilOutput } from "./stack";

export const web1 = new LabVps(70);
export const watch = new LabVps(71);
export const stack = new Stack("observe");
export const port = 29_070;

export interface Told {
  /** When it came, in milliseconds since 1970. */
  at: number;
  status: "firing" | "resolved";
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
/** Who is told of alerts: this process, at the lab's gateway. */
const told: { path: string; alerts: Told[] }[] = [];
const receiver = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => (body += text));
  request.on("end", () => {
    const { alerts } = JSON.parse(body) as (typeof told)[number];
    const at = Date.now();
    told.push({ path: request.url ?? "", alerts: alerts.map((one) => ({ ...one, at })) });
    // A receiver that takes nothing.
    response.writeHead(request.url === "/refuses" ? 400 : 200).end();
  });
});
/** The entries of the stack file, by name. */
const servers: Record<string, object> = {};

/** The stack file. `receivers` of alerts come to the one of this process; `observability` has what else that section says. */
export const configure = (
  greeting: string,
  {
    tls = { kind: "own-ca" },
    receivers = {},
    observability = {},
  }: { tls?: object; receivers?: object; observability?: object } = {},
) => {
  stack.configure({
    hosts: servers,
    edge: { domain: "observe.test", tls },
    mycelium: { peers: [], tun: false },
    chat: { bridge: { env: { GREETING: greeting } } },
    observability: {
      scrapeSeconds: 5,
      alerts: {
        receivers: { ops: { kind: "webhook", urlEnv: "OPS_URL" }, ...receivers },
        watchdog: { urlEnv: "WATCHDOG_URL" },
      },
      ...observability,
    },
  });
};

export const up = (name: string) => stack.deploy(`observability-${name}`);

/** As an operator deploys: by make up's last phase. */
export async function deploy(name: string): Promise<void> {
  const args = ["ops/deploy.ts", "--yes", "--config-file", stack.configFile];
  const run = await start("tsx", args, { env: { ...stack.env, STACK: stack.name, ALLOW_DIRTY: "1" } }).ended;
  keep(`observability-${name}.txt`, run.output);
  expectSuccess(run, name);
}

let forward: Running | undefined;

/** Opens Prometheus' and Alertmanager's pages, as `make metrics` does, until the end. */
export async function openPages(): Promise<void> {
  forward = stack.tool("metrics", "--port", String(port));
  await untilOutput(forward.output, /alertmanager: http:\/\/localhost:29073/);
}

/** A message is written and read: the homeserver has something to tell. */
export async function message(): Promise<void> {
  expect((await stack.tool("validate").ended).output).toMatch(/^ok .*Matrix message/m);
}

/** As long as an alert or a probe may take. */
export const until = <T>(what: string, look: () => Promise<T | undefined>, seconds = 180): Promise<T> =>
  untilSeen<T>(what, look, seconds);

interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

/** What Prometheus' API answers, through the forward that `make metrics` opens. */
export async function api<T>(resource: string): Promise<T> {
  const reply = await fetch(`http://127.0.0.1:${port}/api/v1/${resource}`);
  const { data } = (await reply.json()) as { data: T };
  return data;
}

export async function ask(query: string): Promise<Sample[]> {
  const { result } = await api<{ result: Sample[] }>(`query?query=${encodeURIComponent(query)}`);
  return result;
}

export const value = async (query: string): Promise<number> => Number((await ask(query))[0]?.value[1]);

interface ActiveTarget {
  labels: Record<string, string>;
  health: string;
  lastError: string;
}

/** All targets, once each is up. */
export const targetsUp = (): Promise<ActiveTarget[]> =>
  until("every target is up", async () => {
    const { activeTargets } = await api<{ activeTargets: ActiveTarget[] }>("targets?state=active");
    return activeTargets.every(({ health }) => health === "up") ? activeTargets : undefined;
  });

/** Once Alertmanager's heartbeat has come. */
export const watchdogHeard = (): Promise<unknown> =>
  until("the watchdog is heard", () => Promise.resolve(told.find(({ path: at }) => at === "/watchdog")));

/** What those on duty were told so far. */
export const alarms = (): Told[] =>
  told.filter(({ path: at }) => at === "/ops").flatMap(({ alerts }) => alerts);
/** The alerts that must have been told, by name. */
export const untilTold = (names: readonly string[], status: Told["status"], seconds: number) =>
  until(
    `${status}: ${names.join(", ")}`,
    () => {
      const seen = alarms().filter((one) => one.status === status);
      const missing = names.filter((name) => !seen.some(({ labels }) => labels["alertname"] === name));
      return missing.length === 0
        ? Promise.resolve(seen)
        : Promise.reject(new Error(`not told yet: ${missing.join(", ")}`));
    },
    seconds,
  );

interface Silence {
  id: string;
  status: { state: string };
  endsAt: string;
  createdBy: string;
  comment: string;
}
/** The silences that hold now. */
export const silences = async (): Promise<Silence[]> => {
  const reply = await fetch(`http://127.0.0.1:${port + 3}/api/v2/silences`);
  return ((await reply.json()) as Silence[]).filter(({ status }) => status.state === "active");
};

/**
 * A file system at /srv/NAME of web1, not of memory as far as it is told. It is there before who watches it: none that
 * comes later is seen, as the lab's servers do not share their mounts.
 */
const smallDisk = (name: string, options: string) =>
  web1.exec(
    `p=/srv/.${name} && mkdir -p $p /srv/${name} && mount -t tmpfs -o ${options} tmpfs $p && mkdir $p/{lower,upper,work} && ` +
      `mount -t overlay -o lowerdir=$p/lower,upperdir=$p/upper,workdir=$p/work overlay /srv/${name}`,
  );

/** Boots the servers, and listens for alerts. */
export async function begin(
  roles: Record<"web1" | "watch", string[]> = {
    web1: ["data", "edge", "app"],
    watch: ["manager", "observe"],
  },
): Promise<void> {
  await Promise.all([web1, watch].map((vps) => vps.boot({ ENGINE: "preinstalled" })));
  await smallDisk("small", "size=32M");
  await smallDisk("few", "nr_inodes=1000");
  await stack.init();
  await new Promise<void>((resolve) =>
    receiver.listen(port + 5, () => {
      resolve();
    }),
  );
  for (const name of ["OPS", "WATCHDOG", "REFUSES"]) {
    stack.env[`${name}_URL`] = `http://10.77.0.1:${port + 5}/${name.toLowerCase()}`;
  }
  servers["web1"] = await web1.host({ roles: roles.web1 });
  // It stays a manager when the other one is cut off, so that what watches goes on.
  servers["watch"] = await watch.host({ roles: roles.watch });
}

export async function end(): Promise<void> {
  forward?.process.kill();
  receiver.close();
  await Promise.all([web1, watch].map((vps) => vps.down()));
  stack.remove();
}
