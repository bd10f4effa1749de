import fc from "fast-check";
import { hostKey } from "./config";

type Raw = Record<string, unknown>;

/** Any subset of the optional keys: a key that is absent is absent, not undefined. */
const some = (shape: Record<string, fc.Arbitrary<unknown>>, required: string[] = []): fc.Arbitrary<Raw> =>
  fc.record(shape, { requiredKeys: required });

const int = (min: number, max: number) => fc.integer({ min, max });
/** Not one that claims to be Punycode: a URL parser refuses most of those. */
const label = fc
  .stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/)
  .filter((text) => !text.startsWith("xn--"));
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const account = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,31}$/);
const path = fc.stringMatching(/^[A-Za-z~/.][A-Za-z0-9 '"$~/._-]{0,30}$/);
const imageTag = fc.stringMatching(/^[0-9a-f]{12}$/);
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const roles = fc.shuffledSubarray(["manager", "data", "edge", "app"], { minLength: 4, maxLength: 4 });

const minimum = some({ cpus: int(1, 4), memoryMiB: int(256, 4096), diskGiB: int(1, 20) });
const recommended = some({
  cpus: int(4, 1024),
  memoryMiB: int(4096, 1_000_000),
  diskGiB: int(20, 1_000_000),
});

const on = { enabled: fc.boolean() };
export const hardeningInput = some({
  firewall: some({
    ...on,
    sshPort: int(1, 65_535),
    tcp: fc.array(int(1, 65_535), { maxLength: 5 }),
    udp: fc.array(int(1, 65_535), { maxLength: 5 }),
  }),
  sshd: some(on),
  fail2ban: some({ ...on, banMinutes: int(1, 525_600) }),
  unattendedUpgrades: some({ ...on, rebootAt: fc.constantFrom("never", "00:00", "23:59") }),
  journald: some({ ...on, maxMiB: int(16, 1_048_576) }),
  timeSync: some(on),
  swap: some(on),
  sysctl: some(on),
  modules: some(on),
  coreDumps: some(on),
  shells: some({ ...on, idleMinutes: int(1, 1440) }),
  auditd: some(on),
  packageCheck: some(on),
  passwords: some({ ...on, minLength: int(8, 64) }),
  notice: some({ ...on, text: fc.constantFrom("No.", "Two\nlines\n\nand a gap: ünïcode too") }),
});

const localHost = some({ kind: fc.constant("local"), socket: path.map((end) => `/${end}`), roles }, ["kind"]);
const vpsHost = some(
  {
    kind: fc.constant("vps"),
    address: fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((address) => !address.includes("%")),
      domain,
    ),
    port: int(1, 1024),
    user: account,
    hostKey: fc.constantFrom(hostKey, `${hostKey} root@host`),
    identity: fc.oneof(
      fc.constant({ agent: true }),
      path.map((keyFile) => ({ keyFile })),
    ),
    deployUser: account,
    docker: fc.constantFrom("distribution", "docker", "present"),
    minimum,
    recommended,
    environment: fc.constantFrom("tfgrid", "cloud", "local"),
    gridVm: fc.record({ name: fc.constantFrom("myceliumchat", "vm2") }),
    hardening: hardeningInput,
    roles,
  },
  ["kind", "address", "hostKey"],
);

/** Two to four servers that make one swarm, in any order; each is known by its address, or has a name and an address. */
export const fleetHosts: fc.Arbitrary<Raw> = int(2, 4).chain((size) => {
  const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: size, maxLength: size });
  const different = (one: fc.Arbitrary<string>) => fc.uniqueArray(one, { minLength: size, maxLength: size });
  const some = fc.subarray(["manager", "edge", "app"], { minLength: 1 });
  return fc
    .tuple(different(label), different(fc.ipV4()), each(vpsHost), each(some), each(fc.option(domain)))
    .map(([names, addresses, hosts, roleLists, domains]) =>
      names.map((name, index): [string, Raw] => {
        const own = addresses[index] ?? "";
        const behind = domains[index] ?? undefined;
        const host = {
          ...hosts[index],
          ...(behind === undefined ? { address: own } : { address: behind, privateAddress: own }),
          roles: index === 0 ? ["manager", "data", "edge", "app"] : roleLists[index],
        };
        return [name, host];
      }),
    )
    .chain((entries) => fc.shuffledSubarray(entries, { minLength: size }))
    .map((entries) => Object.fromEntries(entries));
});

const artifacts = fc.oneof(
  some({ kind: fc.constant("artifacts"), path, sha256: hex }, ["kind", "path"]),
  fc.record({
    kind: fc.constant("artifacts"),
    url: domain.map((name) => `https://${name}/a.tar.gz`),
    sha256: hex,
  }),
);

const reference = fc.tuple(domain, hex).map(([name, digest]) => `${name}/app@sha256:${digest}`);

const source = fc.oneof(
  fc.constant({ kind: "sample" }),
  artifacts,
  fc.record({
    kind: fc.constant("git"),
    url: domain.map((name) => `https://${name}/a.git`),
    ref: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,30}$/),
    build: fc.constantFrom("make", "npm ci && npx vite build"),
    output: label,
  }),
  fc.record({ kind: fc.constant("image"), reference }),
);

const resources = some({
  memoryMiB: int(1024, 100_000),
  cpus: fc.double({ min: 0.05, max: 64, noNaN: true }),
});
const env = fc.dictionary(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/),
  fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0") && !/^\s*<[^<>]+>\s*$/.test(text)),
  { maxKeys: 4 },
);
const judged = {
  confirmSeconds: int(5, 3600),
  maxErrorPercent: fc.double({ min: 0, max: 100, noNaN: true }),
  maxLatencyMilliseconds: int(10, 120_000),
};
const strategy = fc.oneof(
  fc.constant({ kind: "rolling" }),
  some({ kind: fc.constant("blue-green"), ...judged }, ["kind"]),
  some({ kind: fc.constant("canary"), percent: int(1, 50), seconds: int(5, 86_400), ...judged }, ["kind"]),
);
const app = some({ replicas: int(1, 20), source, resources, env, strategy });

const chat = some({
  serverName: domain,
  admin: fc.stringMatching(/^[a-z0-9._=/-]{1,30}$/),
  postgres: some({
    maxConnections: int(20, 10_000),
    sharedBuffersMiB: int(1, 512),
    keepData: fc.boolean(),
    resources,
  }),
  homeserver: some({ resources }),
  bridge: app,
  gateway: app,
  frontend: app,
});

const days = fc.tuple(int(1, 1000), int(1, 1000), int(0, 1000)).map(([renewBeforeDays, more, evenMore]) => ({
  kind: "own-ca",
  renewBeforeDays,
  validityDays: renewBeforeDays + more,
  caValidityDays: 2 * (renewBeforeDays + more) + evenMore,
}));

const edge = fc.uniqueArray(domain, { minLength: 1, maxLength: 4 }).chain(([first, ...aliases]) =>
  some(
    {
      domain: fc.constant(first),
      aliases: fc.constant(aliases),
      tls: fc.oneof(fc.constant({ kind: "own-ca" }), days),
      ports: fc.record({
        http: int(1025, 30_000).filter((port) => ![8989, 8990, 9651].includes(port)),
        https: int(30_001, 65_535),
      }),
    },
    ["domain", "ports"],
  ),
);

const mycelium = some({
  source: fc.oneof(
    fc.constant({ kind: "sample" }),
    some({ kind: fc.constant("file"), path, sha256: hex }, ["kind", "path"]),
    fc.record({
      kind: fc.constant("release"),
      version: fc.constantFrom("0.7.10", "1.0.0"),
      sha256: fc.oneof(fc.record({ x86_64: hex }), fc.record({ aarch64: hex, x86_64: hex })),
    }),
  ),
  peers: fc.uniqueArray(
    fc
      .tuple(fc.constantFrom("tcp", "quic"), fc.ipV4(), int(1, 65_535))
      .map(([scheme, ip, port]) => `${scheme}://${ip}:${port}`),
    { maxLength: 4 },
  ),
  tun: fc.boolean(),
});

/** What Debian does not have comes as its makers' image, whichever. */
const upstream = some({
  source: fc.oneof(some({ kind: fc.constant("image"), reference }, ["kind"]), artifacts),
});

const observability = some({
  scrapeSeconds: int(5, 300),
  retention: some({ days: int(1, 3650), diskMiB: int(256, 1_000_000) }),
  keepData: fc.boolean(),
  logs: some({ days: int(1, 3650), journal: fc.boolean(), loki: upstream, alloy: upstream }),
  grafana: upstream,
  alerts: some({
    receivers: fc.constantFrom({}, { ops: { kind: "webhook", urlEnv: "OPS_URL" } }),
    runbooks: path,
  }),
  exporters: some(
    Object.fromEntries(
      ["node", "containers", "postgres", "nginx", "synapse", "bridge", "mycelium", "blackbox"].map((name) => [
        name,
        fc.boolean(),
      ]),
    ),
  ),
});

/** Any valid configuration, optional keys there or not. */
export const validConfig: fc.Arbitrary<Raw> = fc
  .tuple(
    some(
      {
        hosts: fc.oneof(
          fc.tuple(label, fc.oneof(localHost, vpsHost)).map(([name, host]) => ({ [name]: host })),
          fleetHosts,
        ),
        cluster: some({
          encrypted: fc.boolean(),
          abandonDataOn: fc.array(label, { maxLength: 2 }),
        }),
        edge,
        chat,
        images: some({
          base: fc.constantFrom("debian:bookworm-slim", `debian@sha256:${"0".repeat(64)}`),
          buildOn: fc.constantFrom("local", "target"),
          keep: fc.integer({ min: 2, max: 100 }),
        }),
        observability,
        release: some({
          rollbackOnFailure: fc.boolean(),
          images: some({ bridge: imageTag, gateway: imageTag, frontend: imageTag }),
        }),
      },
      ["hosts", "edge"],
    ),
    fc.option(mycelium, { nil: undefined }),
  )
  // A node needs a server.
  .map(([config, node]) =>
    node !== undefined && JSON.stringify(config["hosts"]).includes('"kind":"vps"')
      ? { ...config, mycelium: node }
      : config,
  );
