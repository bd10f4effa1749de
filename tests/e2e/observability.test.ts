import { ofReleases } from "../../ops/lib/silence";
import { Site, siteRequest } from "../../ops/lib/site";
import { LabVps } from "./support/lab";
import {
  alarms,
  ask,
  begin,
  configure,
  deploy,
  end,
  message,
  openPages,
  port,
  silences,
  stack,
  targetsUp,
  until,
  untilTold,
  up,
  value,
  watch,
  watchdogHeard,
  web1,
} from "./support/observed";
import { emptyPanels, markedDeployments, panels, withoutData } from "./support/panels";
import { expectSuccess } from "./support/stack";

/** A stack of two servers, one of which watches both. The tests are one story in order. */
let site: Site;

beforeAll(begin);

afterAll(end);

test("two bare servers become a stack that is watched", async () => {
  configure("hello");
  await up("cold");
  site = await stack.site();
});

test("make metrics shows Prometheus' and Alertmanager's pages through SSH", async () => {
  await openPages();
  const page = (url: string, holds: string) =>
    until(url, async () => ((await (await fetch(url)).text()).includes(holds) ? true : undefined));
  await page(`http://127.0.0.1:${port}/classic/targets`, "hypha-observe-prometheus:9090");
  await page(`http://127.0.0.1:${port + 3}/`, "Alertmanager");
});

test("every target is found and up", async () => {
  const targets = await targetsUp();
  const seen = targets.map(({ labels }) => `${labels["job"]} ${labels["service"]} ${labels["host"]}`);
  expect([...new Set(seen)].sort()).toEqual(
    [
      "alertmanager alertmanager watch",
      ...["bridge", "frontend", "gateway", "homeserver"].map((part) => `blackbox-http ${part} web1`),
      ...["web1", "watch"].flatMap((host) => [
        `blackbox-icmp host ${host}`,
        `blackbox-tcp host ${host}`,
        `containers containers-${host} ${host}`,
        `node node-${host} ${host}`,
      ]),
      "blackbox-tls edge web1",
      "bridge bridge-exporter watch",
      "nginx edge web1",
      "postgres postgres-exporter web1",
      "prometheus prometheus watch",
      "synapse homeserver web1",
    ].sort(),
  );
});

test("what they tell is true: probes, host, units, containers, database, bridge, Mycelium", async () => {
  await until("every probe succeeds", async () =>
    (await value("count(probe_success == 1)")) === 11 && (await ask("probe_success == 0")).length === 0
      ? true
      : undefined,
  );
  for (const [host, vps] of Object.entries({ web1, watch })) {
    const memory = (await vps.exec("awk '/^MemTotal/ { print $2 }' /proc/meminfo")).trim();
    expect(await value(`node_memory_MemTotal_bytes{host="${host}"}`)).toBe(Number(memory) * 1024);
    const network = (await vps.exec("ls /sys/class/net")).split(/\s+/);
    for (const { metric } of await ask(`node_network_receive_bytes_total{host="${host}"}`)) {
      expect(network).toContain(metric["device"]);
    }
  }
  expect(await ask('node_systemd_unit_state{name="ssh.service",state="active"} == 1')).toHaveLength(2);
  expect(await ask("node_scrape_collector_success == 0")).toEqual([]);
  const here = await Promise.all([web1, watch].map((vps) => vps.exec("docker ps --format '{{.Names}}'")));
  const names = here.flatMap((list) => list.trim().split("\n"));
  const containers = await until("every container is seen", async () => {
    const seen = (await ask("container_memory_working_set_bytes > 0")).map(({ metric }) => metric["name"]);
    return names.every((name) => seen.includes(name)) ? seen : undefined;
  });
  expect(containers.length).toBeGreaterThan(10);
  const bridge = '{container_label_com_docker_swarm_service_name="hypha-observe-bridge"}';
  expect(await value(`container_spec_memory_limit_bytes${bridge}`)).toBe(128 * 1024 * 1024);
  expect(await value(`container_cpu_usage_seconds_total${bridge}`)).toBeGreaterThan(0);
  expect(await value('pg_up{job="postgres"}')).toBe(1);
  expect(await value('pg_stat_database_numbackends{datname="synapse"}')).toBeGreaterThan(0);
  expect(await value('hypha_bridge_up{job="bridge"}')).toBe(1);
  expect(await value('count(hypha_mycelium_up{job="mycelium"} == 1)')).toBe(2);
  expect(await value('min(probe_ssl_earliest_cert_expiry{job="blackbox-tls"}) - time()')).toBeGreaterThan(
    80 * 24 * 3600,
  );
});

test("a visitor's requests are counted by status and upstream, with how long they took", async () => {
  const count =
    'sum(nginx_http_response_count_total{status="200",upstream="hypha-observe-gateway:8080"}) or vector(0)';
  const before = await value(count);
  for (let n = 0; n < 30; n++) await siteRequest(site, "/api/rooms/list");
  await until("the requests are counted", async () =>
    (await value(count)) >= before + 30 ? true : undefined,
  );
  expect(
    await value('sum(nginx_http_response_time_seconds_count{upstream="hypha-observe-gateway:8080"})'),
  ).toBeGreaterThanOrEqual(30);
});

test("no port of a server is open for it", async () => {
  expect(await web1.openPorts()).toEqual([22, 80, 443, 9651]);
  expect(await watch.openPorts()).toEqual([22, 9651]);
});

test("every panel of every dashboard has data, bar those listed with a reason", async () => {
  await message();
  await until(
    "panels have data",
    async () => {
      const unexpected = (await emptyPanels()).filter((name) => withoutData[name] === undefined);
      return unexpected.length === 0 ? true : Promise.reject(new Error(unexpected.join(", ")));
    },
    120,
  );
  expect(Object.keys(withoutData).filter((name) => !panels.some((panel) => panel.name === name))).toEqual([]);
});

test("a second up changes nothing", async () => {
  expect(await up("again")).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("a container that is healthy is looked at by one process for half a minute", async () => {
  await until("each was looked at so", async () => {
    const logs = await Promise.all(
      [web1, watch].map((vps) =>
        vps.exec("docker ps -q | xargs docker inspect -f '{{.Name}} {{json .State.Health.Log}}'"),
      ),
    );
    const brief = logs
      .flatMap((lines) => lines.trim().split("\n"))
      .filter((line) => {
        const looks = JSON.parse(line.slice(line.indexOf(" "))) as { Start: string; End: string }[];
        return !looks.some(({ Start, End }) => Date.parse(End) - Date.parse(Start) > 29_000);
      });
    return brief.length === 0 ? true : Promise.reject(new Error(brief.join("\n")));
  });
});

test("the watchdog is heard, and no fault is seen while all is well", async () => {
  await watchdogHeard();
  // A busy machine under the lab may be short of CPU, memory or disk, and the sample node has no peers: all that is true.
  const faults =
    "(Host|Target|Postgres|Nginx|Bridge|Mycelium)Down|ProbeFailed|Certificate.+|Prometheus.+|Alertmanager.+";
  const firing = (await ask(`ALERTS{alertstate="firing",alertname=~"${faults}|Watchdog"}`)).map(
    ({ metric }) => metric["alertname"],
  );
  expect(firing).toEqual(["Watchdog"]);
});

test("a release silences what it sets off by itself, and no more: a certificate with two days left is told", async () => {
  const before = alarms().length;
  configure("good day", { tls: { kind: "own-ca", validityDays: 2, renewBeforeDays: 1 } });
  const deployed = deploy("silenced");
  const [silence] = await Promise.race([
    until("a silence is there", async () => {
      const active = await silences();
      return active.length > 0 ? active : undefined;
    }),
    deployed.then(() => Promise.reject(new Error("the release was never silent"))),
  ]);
  expect(silence?.comment).toMatch(/^up \([0-9a-f]{7,}\)$/);
  await deployed;
  const [after, ...more] = await silences();
  expect([after?.comment, ...more]).toEqual([silence?.comment]);
  expect(new Date(after?.endsAt ?? 0).getTime()).toBeLessThanOrEqual(Date.now() + 120_000);
  await untilTold(["CertificateExpiring"], "firing", 120);
  const names = alarms()
    .slice(before)
    .map(({ labels }) => labels["alertname"]);
  expect(names.filter((name) => ofReleases.includes(name ?? ""))).toEqual([]);
  // The rest of the two minutes.
  await fetch(`http://127.0.0.1:${port + 3}/api/v2/silence/${after?.id}`, { method: "DELETE" });
});

/** What breaks, how it is mended, and the alerts of it. */
const faults = {
  PostgresDown: { service: "postgres" },
  BridgeDown: { service: "bridge" },
  ProbeFailed: { service: "gateway" },
} as const;

test("a database, a bridge, a gateway, a disk, a Mycelium node and a backup that fail are told to those on duty", async () => {
  const scale = Object.values(faults).map(({ service }) => `hypha-observe-${service}=0`);
  await watch.exec(`docker service scale --detach ${scale.join(" ")}`);
  await web1.exec("systemctl stop mycelium.service");
  // One MiB of its 32 is left.
  await web1.exec("dd if=/dev/zero of=/srv/small/file bs=1M count=31 2>/dev/null");
  // As a backup leaves it, two days ago.
  await web1.exec(
    "install -d /var/lib/hypha/metrics/backup && printf 'hypha_backup_last_success_timestamp_seconds{repository=\"test\"} %s\n' " +
      '"$(date -d "2 days ago" +%s)" >/var/lib/hypha/metrics/backup/backup.prom',
  );
  const seen = await untilTold([...Object.keys(faults), "MyceliumDown", "BackupTooOld"], "firing", 420);
  // The machine's own disk may be short, too.
  const small = await until("the full disk is told", () =>
    Promise.resolve(alarms().find(({ labels }) => labels["mountpoint"] === "/srv/small")),
  );
  expect(small.annotations["summary"]).toMatch(/^web1: .+% of \/srv\/small is free$/);
  for (const { labels, annotations } of seen) {
    expect(labels).toMatchObject({
      stack: "observe",
      severity: expect.stringMatching(/critical|warning/) as string,
    });
    expect(annotations["runbook_url"]).toMatch(
      new RegExp(`runbooks.md#${labels["alertname"]?.toLowerCase()}$`),
    );
  }
  const summary = (name: string) =>
    seen.find(({ labels }) => labels["alertname"] === name)?.annotations["summary"];
  expect(summary("PostgresDown")).toBe("Postgres on web1 lets nobody in");
  expect(summary("BackupTooOld")).toMatch(/^The last good backup to test of web1 is 2d 0h \d+m \d+s old$/);
});

test("what is mended is told as over", async () => {
  const scale = Object.values(faults).map(({ service }) => `hypha-observe-${service}=1`);
  await watch.exec(`docker service scale --detach ${scale.join(" ")}`);
  await web1.exec("systemctl start mycelium.service");
  await web1.exec("rm /srv/small/file; rm -r /var/lib/hypha/metrics/backup");
  configure("good day");
  await deploy("mended");
  await until("no alert of them fires", async () => {
    const names = [...Object.keys(faults), "MyceliumDown", "BackupTooOld", "CertificateExpiring"];
    const firing = await ask(
      `ALERTS{alertstate="firing",alertname=~"${names.join("|")}"} or ALERTS{alertstate="firing",mountpoint="/srv/small"}`,
    );
    return firing.length === 0 ? true : undefined;
  });
  await untilTold(["PostgresDown", "BridgeDown", "BackupTooOld"], "resolved", 240);
  const [marked, ...others] = await markedDeployments();
  expect([marked?.metric, others]).toMatchObject([{ deployed: "observe", result: "succeeded" }, []]);
  expect(Date.now() - Number(marked?.value[1])).toBeLessThan(15 * 60_000);
});

test("a server that is cut off is told once, as what it is", async () => {
  const before = alarms().length;
  await web1.cutOff(async () => {
    await untilTold(["HostDown"], "firing", 300);
    const seen = alarms().slice(before);
    const hostDown = seen.find(({ labels }) => labels["alertname"] === "HostDown");
    expect(hostDown).toMatchObject({ status: "firing", labels: { severity: "critical", host: "web1" } });
    // What follows from it is not told beside it; that it was busy before, or had errors, may be.
    const names = seen
      .filter(({ status, labels }) => status === "firing" && labels["host"] === "web1")
      .map(({ labels }) => labels["alertname"]);
    expect([...new Set(names)].filter((name) => /Down$|^ProbeFailed$/.test(name ?? ""))).toEqual([
      "HostDown",
    ]);
  });
  await untilTold(["HostDown"], "resolved", 300);
});

test("destroy leaves the data and the figures, and nothing else of it", async () => {
  const run = await stack.destroy();
  expectSuccess(run);
  const volumes = async (vps: LabVps) => (await vps.exec("docker volume ls -q")).trim().split("\n").sort();
  const named = (...roles: string[]) => roles.map((role) => `hypha-observe-${role}`);
  expect(await volumes(web1)).toEqual(named("homeserver-media", "postgres-data"));
  expect(await volumes(watch)).toEqual(named("alertmanager-data", "prometheus-data"));
  for (const vps of [web1, watch]) {
    const left = await vps.exec(
      "ls -d /var/lib/hypha/metrics /etc/systemd/system/hypha-mycelium* 2>/dev/null || true",
    );
    expect(left.trim()).toBe("");
  }
});
