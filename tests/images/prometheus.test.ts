import {
  build, clean, docker, healthy, logs, published, secrets, start, tryDocker, until,
} from "./support/docker"; // prettier-ignore

// What is kept lies on a file system of 256 MiB that a container of its own holds, so that it can be full and outlives
// whoever writes to it.
const size = 256;
const volume = "i-figures";

interface Sample {
  value: [number, string];
}

async function ask(query: string, time?: number): Promise<number | undefined> {
  const at = time === undefined ? "" : `&time=${time}`;
  const url = `http://${published("i-prometheus", 9090)}/api/v1/query?query=${encodeURIComponent(query)}${at}`;
  const { data } = (await (await fetch(url)).json()) as { data: { result: Sample[] } };
  const [first] = data.result;
  return first === undefined ? undefined : Number(first.value[1]);
}

/** Of the last seconds, how many have a sample. */
const samples = async (seconds: number, time?: number): Promise<number> =>
  (await ask(`count_over_time(up{job="itself"}[${seconds}s])`, time)) ?? 0;

const scraped = (what: string) => until(what, 60, async () => (await samples(6).catch(() => 0)) >= 5);

/** Kills it, lets some seconds pass, starts it on what is there. */
async function killed(container: string): Promise<void> {
  docker("kill", "--signal", "KILL", container);
  const then = Date.now();
  await until("some seconds without it", 10, () => Date.now() - then > 3000);
  docker("start", container);
  await healthy(container);
}

beforeAll(async () => {
  clean();
  await build("prometheus");
  const options = ["type=tmpfs", "device=tmpfs", `o=size=${size}m,uid=1008,gid=1008,mode=700`];
  docker("volume", "create", "--driver", "local", ...options.flatMap((one) => ["--opt", one]), volume);
  docker("run", "-d", "--name", "i-holder", "-u", "1008", "-v", `${volume}:/held`, "--entrypoint", "sleep",
    "i-prometheus", "1000000"); // prettier-ignore
});

afterAll(clean);

describe("Prometheus", () => {
  let before: number;

  beforeAll(async () => {
    const itself = {
      job_name: "itself",
      scrape_interval: "1s",
      static_configs: [{ targets: ["localhost:9090"] }],
    };
    // JSON is YAML.
    const settings = secrets({ "prometheus.yml": JSON.stringify({ scrape_configs: [itself] }) });
    start("prometheus", "i-prometheus", "-p", "127.0.0.1::9090", "-e", "HEALTH_PORT=9090",
      "-e", "HEALTH_PATH=/-/ready", "-e", "HEALTH_TEXT=Ready", "-v", `${settings}:/etc/prometheus:ro`,
      "-v", `${volume}:/prometheus`); // prettier-ignore
    await healthy("i-prometheus");
    await scraped("it scrapes itself");
    before = Date.now() / 1000;
  });

  test("killed, it goes on with all that it had: a gap, and nothing corrupt", async () => {
    const had = await samples(5, before);
    expect(had).toBeGreaterThanOrEqual(4);
    await killed("i-prometheus");
    await scraped("it scrapes again");
    expect(await samples(5, before)).toBe(had);
    const now = Date.now() / 1000;
    const since = Math.ceil(now - before);
    expect(await samples(since, now)).toBeLessThan(since - 2);
    expect(await ask("prometheus_tsdb_wal_corruptions_total")).toBe(0);
  });

  test("on a full disk it answers on and keeps nothing new; with room again it goes on, and what it had is there", async () => {
    const had = await samples(5, before);
    tryDocker("exec", "i-holder", "dd", "if=/dev/zero", "of=/held/fill", "bs=64k");
    await until("it has no room", 60, () => logs("i-prometheus").includes("no space left on device"));
    expect(await samples(5, before)).toBe(had);
    docker("exec", "i-holder", "rm", "/held/fill");
    await scraped("it scrapes again");
    const after = Date.now() / 1000;
    await killed("i-prometheus");
    await scraped("it scrapes, started on what the full disk left");
    expect(await samples(5, before)).toBe(had);
    expect(await samples(5, after)).toBeGreaterThanOrEqual(4);
    // The record that the full disk cut off, which it mends when it starts.
    expect(await ask("prometheus_tsdb_wal_corruptions_total")).toBeLessThanOrEqual(1);
  });
});

test("Alertmanager, killed, knows the silences of a minute ago", async () => {
  const route = { receiver: "nobody" };
  const settings = secrets({
    "alertmanager.yml": JSON.stringify({ route, receivers: [{ name: "nobody" }] }),
  });
  docker("exec", "i-holder", "mkdir", "/held/alertmanager");
  docker("run", "-d", "--name", "i-alertmanager", "-p", "127.0.0.1::9093", "-v", `${settings}:/etc/alertmanager:ro`,
    "-v", `${volume}:/kept`, "--no-healthcheck", "--entrypoint", "/usr/local/bin/prometheus-alertmanager", "i-prometheus",
    "--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/kept/alertmanager",
    "--data.maintenance-interval=1s", "--cluster.listen-address="); // prettier-ignore
  const silences = () => `http://${published("i-alertmanager", 9093)}/api/v2/silences`;
  const comments = async () =>
    ((await (await fetch(silences())).json()) as { comment: string }[]).map(({ comment }) => comment);
  const ready = () => until("it answers", 30, () => comments().then(() => true, () => false)); // prettier-ignore
  await ready();
  const [startsAt, endsAt] = [0, 3_600_000].map((later) => new Date(Date.now() + later).toISOString());
  const matchers = [{ name: "alertname", value: "HostDown", isRegex: false }];
  const body = JSON.stringify({ matchers, startsAt, endsAt, createdBy: "ann", comment: "a new disk" });
  const posted = await fetch(silences(), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(posted.status).toBe(200);
  await until("it is written down", 30, () =>
    tryDocker("exec", "i-holder", "test", "-s", "/held/alertmanager/silences").code === 0); // prettier-ignore
  docker("kill", "--signal", "KILL", "i-alertmanager");
  docker("start", "i-alertmanager");
  await ready();
  expect(await comments()).toEqual(["a new disk"]);
});
