import { parseConfig } from "../../../components/config/load";
import { hostKey, local, problemsOf, vps } from "../../support/config";

test("a server needs its address and host key, and the rest has defaults", () => {
  expect(parseConfig(vps()).hosts).toEqual({
    web1: {
      kind: "vps",
      address: "192.0.2.7",
      port: 22,
      user: "root",
      hostKey,
      identity: { agent: true },
      deployUser: "muser",
      docker: "distribution",
      minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 5 },
      recommended: { cpus: 4, memoryMiB: 8192, diskGiB: 50 },
      hardening: {
        firewall: { enabled: true, tcp: [], udp: [] },
        sshd: { enabled: true },
        fail2ban: { enabled: true, banMinutes: 60 },
        unattendedUpgrades: { enabled: true },
        journald: { enabled: true, maxMiB: 512 },
        timeSync: { enabled: true },
        swap: { enabled: true },
        sysctl: { enabled: true },
        modules: { enabled: true },
        coreDumps: { enabled: true },
        shells: { enabled: true, idleMinutes: 60 },
        auditd: { enabled: true },
        packageCheck: { enabled: true },
        passwords: { enabled: true, minLength: 12 },
        notice: { enabled: true, text: expect.stringContaining("authorised") as string },
      },
      roles: ["manager", "data", "edge", "app"],
    },
  });
  expect(problemsOf(local({ hosts: { web1: { kind: "vps" } } }))).toEqual([
    "hypha:hosts.web1.address: is missing; fix: it takes: IPv4 or IPv6 address, or DNS name, that SSH connects to",
    "hypha:hosts.web1.hostKey: is missing; fix: it takes: The server's public host key, pinned: type and base64 as in /etc/ssh/ssh_host_ed25519_key.pub",
  ]);
});

test("the local engine has only a socket and roles", () => {
  expect(parseConfig(local()).hosts).toEqual({
    local: { kind: "local", socket: "/var/run/docker.sock", roles: ["manager", "data", "edge", "app"] },
  });
  expect(problemsOf(local({ hosts: { local: { kind: "local", socket: "docker.sock", port: 22 } } }))).toEqual(
    [
      "hypha:hosts.local.socket: is no absolute path; fix: write the path of the engine's socket",
      "hypha:hosts.local.port: is no known key; fix: remove it; known here: kind, socket, roles",
    ],
  );
});

test.each(["192.0.2.7", "2001:db8::1", "vps.example.org", "400:1234::5", "web1"])("address %s", (address) => {
  expect(problemsOf(vps({ address }))).toEqual([]);
});

test.each([
  "",
  "-oProxyCommand=x",
  "[2001:db8::1]",
  "192.0.2",
  "fe80::1%eth0",
  "a b",
  "a;b",
  "Vps.example.org",
  "a..b",
])("no address: %j", (address) => {
  expect(problemsOf(vps({ address }))).toEqual([
    "hypha:hosts.web1.address: is no address; fix: write an IPv4 address, an IPv6 address without brackets, or a lower-case DNS name",
  ]);
});

const copy = "fix: copy one line of the server's /etc/ssh/ssh_host_ed25519_key.pub: ssh-ed25519 AAAA…";

test("a host key may come with its comment, which is dropped", () => {
  const config = parseConfig(vps({ hostKey: `${hostKey} root@web1\n` }));
  expect(config.hosts["web1"]).toMatchObject({ hostKey });
});

test.each([
  [
    `192.0.2.7 ${hostKey}`,
    "does not start with a key type (ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-rsa) followed by base64",
  ],
  [`${hostKey}\n${hostKey}`, "is more than one line"],
  ["-----BEGIN OPENSSH PRIVATE KEY-----\nx", "is more than one line"],
  [hostKey.replace("AAAAC3", "AAAA*3"), "is not base64 after the key type"],
  [hostKey.replace("ssh-ed25519 ", "ssh-rsa "), "holds something else than the ssh-rsa key it says"],
  [hostKey.slice(0, -8), "is cut short or has something added"],
])("host key %j is refused, and not repeated", (bad, what) => {
  expect(problemsOf(vps({ hostKey: bad }))).toEqual([`hypha:hosts.web1.hostKey: ${what}; ${copy}`]);
});

test.each([[{}], [{ keyFile: "a", agent: true }], ["agent"], [{ agent: false }]])(
  "identity %j",
  (identity) => {
    expect(problemsOf(vps({ identity }))[0]).toMatch(/^hypha:hosts\.web1\.identity/);
    expect(problemsOf(vps({ identity }))[0]).toMatch(/; fix: /);
  },
);

test("an identity's own problems are told by its key", () => {
  expect(problemsOf(vps({ identity: { keyFile: 5 } }))).toEqual([
    "hypha:hosts.web1.identity.keyFile: must be a text, is a number; fix: it takes: Path of a private key file without a passphrase; a leading ~ is your home",
  ]);
  expect(problemsOf(vps({ identity: { keyFile: "-x" } }))).toEqual([
    "hypha:hosts.web1.identity.keyFile: holds a control character or starts with a dash; fix: write it without",
  ]);
});

test("a leading ~ of a key file stays: the state is one for all operators", () => {
  const raw = vps({ identity: { keyFile: "~/.ssh/id" } });
  expect(parseConfig(raw).hosts["web1"]).toMatchObject({ identity: { keyFile: "~/.ssh/id" } });
});

test("ports and sizes have bounds, and a recommendation is not below the minimum", () => {
  expect(
    problemsOf(vps({ port: 65536, minimum: { cpus: 0 }, recommended: { diskGiB: 4, memoryMiB: "8192" } })),
  ).toEqual([
    "hypha:hosts.web1.port: is over the most allowed, 65535; fix: it takes: SSH port, 1 to 65535. Default: 22",
    "hypha:hosts.web1.minimum.cpus: is below the least allowed, 1; fix: it takes: CPUs. Default: 1",
    "hypha:hosts.web1.recommended.memoryMiB: must be a number, is a text; fix: it takes: Memory in MiB. Default: 8192",
  ]);
  expect(problemsOf(vps({ recommended: { diskGiB: 4 } }))).toEqual([
    "hypha:hosts.web1.recommended.diskGiB: is 4, below minimum.diskGiB (5); fix: write 5 or more, or lower minimum.diskGiB",
  ]);
});

const roles = ["manager", "edge", "app"];
const server = (address: string, more: object = {}) => ({ kind: "vps", address, hostKey, roles, ...more });
const fleet = (change: Record<string, unknown> = {}, more: object = {}) =>
  local({
    hosts: { db: server("192.0.2.1", { roles: ["manager", "data"] }), web: server("192.0.2.2"), ...change },
    ...more,
  });

test("there is a host; the local engine is alone", () => {
  expect(problemsOf(local({ hosts: {} }))).toEqual(["hypha:hosts: has no hosts; fix: add one"]);
  expect(problemsOf(fleet({ here: { kind: "local", roles } }))).toEqual([
    "hypha:hosts: has the local engine (here) among 3 hosts: it makes no swarm with others; fix: keep either the local engine alone, or hosts of the kind vps",
  ]);
});

test("the database lives on one host of a fleet", () => {
  expect(problemsOf(fleet({ web: server("192.0.2.2", { roles: undefined }) }))).toEqual([
    "hypha:hosts: has 2 hosts with the role data (db, web), and the database lives on one; fix: give every host its roles, and data to one of them",
  ]);
});

test("each host of a fleet has an address of its own that others reach it by; alone, a name will do", () => {
  expect(problemsOf(vps({ address: "web.example.org" }))).toEqual([]);
  expect(problemsOf(fleet({ web: server("web.example.org", { privateAddress: "10.0.0.2" }) }))).toEqual([]);
  expect(problemsOf(fleet({ web: server("web.example.org") }))).toEqual([
    "hypha:hosts.web.privateAddress: is missing: address is a name, and nodes know each other by IP addresses; fix: write the IP address that the other hosts reach it by",
  ]);
  expect(problemsOf(fleet({ web: server("192.0.2.2", { privateAddress: "192.0.2.1" }) }))).toEqual([
    "hypha:hosts.web: has the address 192.0.2.1, and so has db; fix: give each host its own",
  ]);
  expect(problemsOf(fleet({ web: server("192.0.2.2", { privateAddress: "web.lan" }) }))).toEqual([
    "hypha:hosts.web.privateAddress: is no IP address; fix: write an IPv4 address, or an IPv6 address without brackets",
  ]);
});

test("the hosts of a fleet reach each other over IPv4 or over IPv6, all of them", () => {
  const six = (own: string) => server(own, { privateAddress: `2001:db8::${own.at(-1) ?? ""}` });
  expect(problemsOf(fleet({ web: six("192.0.2.2"), app1: six("192.0.2.3") }))).toEqual([
    "hypha:hosts: reach each other over IPv4 (db) and IPv6 (app1, web), and one swarm takes one of them; fix: write a privateAddress of the same kind for each",
  ]);
  const all = { ...six("192.0.2.1"), roles: ["manager", "data"] };
  expect(problemsOf(fleet({ db: all, web: six("192.0.2.2") }))).toEqual([]);
});

test("a text that was refused is not repeated: it may hold anything", () => {
  for (const [key, what] of [
    ["address", "is no address"],
    ["privateAddress", "is no IP address"],
  ] as const) {
    const host = (address: string) => server(address, { [key]: "a\0\nb" });
    const problems = problemsOf(fleet({ web: host("192.0.2.2"), app1: host("192.0.2.3") }));
    expect(problems.join("\n")).toContain(what);
    expect(problems.join("")).not.toMatch(/\p{Cc}/u);
  }
  expect(problemsOf(fleet({}, { cluster: { first: "a\nb", abandonDataOn: ["\0"] } })).join("")).not.toMatch(
    /\p{Cc}/u,
  );
});

test("the first manager is the one that is named, else the first by name, in whatever order they stand", () => {
  const first = (raw: Record<string, unknown>) => parseConfig(raw).cluster.first;
  expect(first(fleet())).toBe("db");
  expect(
    first(
      local({ hosts: { web: server("192.0.2.2"), db: server("192.0.2.1", { roles: ["data", "manager"] }) } }),
    ),
  ).toBe("db");
  expect(first(fleet({}, { cluster: { first: "web" } }))).toBe("web");
  for (const name of ["app1", "nobody"]) {
    expect(
      problemsOf(fleet({ app1: server("192.0.2.3", { roles: ["app"] }) }, { cluster: { first: name } })),
    ).toEqual([
      `hypha:cluster.first: is ${name}, which is no manager under hypha:hosts; fix: write one of db, web`,
    ]);
  }
});

test("every role has a host; roles are known, given once, and their order means nothing", () => {
  const roles = (list: unknown) => problemsOf(local({ hosts: { a: { kind: "local", roles: list } } }));
  expect(roles(["manager", "app"])).toEqual([
    "hypha:hosts: has no host with the role data; fix: add data to a host's roles",
    "hypha:hosts: has no host with the role edge; fix: add edge to a host's roles",
  ]);
  expect(roles(["manager", "manager", "data", "edge", "app"])).toEqual([
    "hypha:hosts.a.roles: names a role twice; fix: keep each role once",
  ]);
  expect(roles([])[0]).toMatch(
    /^hypha:hosts\.a\.roles: is below the least allowed, 1 entries; fix: it takes: What runs/,
  );
  expect(roles(["worker"])).toEqual([
    "hypha:hosts.a.roles.0: must be one of manager, data, edge, app, observe; fix: hypha:hosts.a.roles takes: What runs there: manager (the swarm's; 1 or 3 of them), data (Postgres and the homeserver; one host), edge (Nginx), app (the rest), observe (Prometheus; one host, see hypha:observability). Default: manager, data, edge, app",
  ]);
  const shuffled = parseConfig(
    local({ hosts: { a: { kind: "local", roles: ["app", "edge", "data", "manager"] } } }),
  );
  expect(shuffled.hosts["a"]?.roles).toEqual(["manager", "data", "edge", "app"]);
});

test("a host's name is one label", () => {
  expect(problemsOf(local({ hosts: { "Web 1": { kind: "local" } } }))[0]).toBe(
    'hypha:hosts."Web 1": is no host name; fix: name the host with up to 63 of a-z, 0-9 and -, like web1',
  );
});

test("the kind decides, and its absence is said", () => {
  expect(problemsOf(local({ hosts: { a: { kind: "aws" } } }))).toEqual([
    "hypha:hosts.a.kind: is no known kind; fix: write one of local, vps",
  ]);
  expect(problemsOf(local({ hosts: { a: {} } }))).toEqual([
    "hypha:hosts.a.kind: is missing; fix: write one of local, vps",
  ]);
});

test("each measure of the hardening has its own switch, and bad values are refused with the fix", () => {
  const off = { swap: { enabled: false }, firewall: { tcp: [3478], sshPort: 22 } };
  expect(parseConfig(vps({ port: 2222, hardening: off })).hosts["web1"]).toMatchObject({ hardening: off });
  expect(
    problemsOf(
      vps({
        hardening: {
          ...{ unattendedUpgrades: { rebootAt: "24:00" }, firewall: { tcp: [0] }, ufw: {} },
          notice: { text: "\\n is the name" },
        },
      }),
    ),
  ).toEqual([
    "hypha:hosts.web1.hardening.firewall.tcp.0: is below the least allowed, 1; fix: hypha:hosts.web1.hardening.firewall.tcp takes: TCP ports open to everyone besides Hypha's own, each 1 to 65535. Default: none",
    "hypha:hosts.web1.hardening.unattendedUpgrades.rebootAt: is no time of day; fix: write hours and minutes like 04:00, or never",
    "hypha:hosts.web1.hardening.notice.text: is no plain text; fix: write printable characters and line breaks, and no backslash",
    "hypha:hosts.web1.hardening.ufw: is no known key; fix: remove it; known here: firewall, sshd, fail2ban, unattendedUpgrades, journald, timeSync, swap, sysctl, modules, coreDumps, shells, auditd, packageCheck, passwords, notice",
  ]);
});
