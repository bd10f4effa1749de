import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import type { SshEndpoint } from "../../../components/host/channel";
import { dockerArgv } from "../../../components/host/access";
import {
  dockerHost,
  ensureControlDirectory,
  hostAccess,
  remoteConnection,
  sshDestination,
  sshOptions,
} from "../../../components/host/channel";
import { dockerCommand } from "../../../components/host/dockerCommand";
import { expandHome } from "../../../components/shell/home";
import { outputOf } from "../../support/mocks";
import { endpoint, hostKey } from "../fixtures";

jest.mock("os", () => {
  const actual = jest.requireActual<typeof import("node:os")>("node:os");
  const home = jest
    .requireActual<typeof import("node:fs")>("node:fs")
    .mkdtempSync(`${actual.tmpdir()}/hypha-home-`);
  return { ...actual, homedir: () => home };
});

const ssh = (change: Partial<SshEndpoint> = {}) => ({
  kind: "ssh" as const,
  endpoint: { ...endpoint, ...change },
});
const common = (known: string) => [
  ...["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
  ...["-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null"],
  ...["-o", `KnownHostsCommand=/bin/echo ${known} ${hostKey}`],
];
const connection = [
  ...["-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=6", "-o", "ServerAliveInterval=15"],
  ...["-o", "ControlMaster=auto", "-o", "ControlPath=~/.ssh/hypha-%C", "-o", "ControlPersist=60"],
];

test("ssh trusts the pinned key only and asks nothing; with an agent any of its keys may do", () => {
  expect(sshOptions(endpoint)).toEqual([...common("192.0.2.10"), ...connection]);
});

test("ssh with a key file offers that key and no other, agent or not", () => {
  expect(sshOptions({ ...endpoint, identity: { keyFile: "/keys/id" } })).toEqual([
    ...common("192.0.2.10"),
    ...["-o", "IdentityFile=/keys/id", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"],
    ...connection,
  ]);
});

test.each([
  ["192.0.2.10", 22, "192.0.2.10", "ssh://root@192.0.2.10:22"],
  ["192.0.2.10", 2222, "[192.0.2.10]:2222", "ssh://root@192.0.2.10:2222"],
  ["2001:db8::1", 22, "2001:db8::1", "ssh://root@[2001:db8::1]:22"],
  ["2001:db8::1", 2222, "[2001:db8::1]:2222", "ssh://root@[2001:db8::1]:2222"],
  ["host.example", 22, "host.example", "ssh://root@host.example:22"],
])("%s port %d is known as %s and its engine as %s", (address, port, known, url) => {
  expect(sshDestination({ ...endpoint, address, port })).toEqual([
    ...common(known),
    ...connection,
    "-p",
    String(port),
    `root@${address}`,
  ]);
  expect(dockerHost(ssh({ address, port }))).toBe(url);
});

test("for random endpoints the pinned key stands in the options, whole and once", () => {
  const base64 = fc.base64String({ minLength: 16, maxLength: 100 });
  const type = fc.constantFrom("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa");
  const random = fc.record({
    type,
    base64,
    address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 1, max: 65535 }),
  });
  fc.assert(
    fc.property(random, ({ type, base64, address, port }) => {
      const options = sshOptions({ ...endpoint, address, port, hostKey: `${type} ${base64}` });
      const known = port === 22 ? address : `[${address}]:${port}`;
      const pins = options.filter((option) => option.startsWith("KnownHostsCommand="));
      expect(pins).toEqual([`KnownHostsCommand=/bin/echo ${known} ${type} ${base64}`]);
      expect(options.filter((_, index) => index % 2 === 0)).toEqual(Array(options.length / 2).fill("-o"));
      expect(options).toContain("StrictHostKeyChecking=yes");
    }),
    { numRuns: 200 },
  );
});

test("remote commands get the same pin; with an agent no key", () => {
  expect(remoteConnection({ ...endpoint, port: 2222, user: "debian" })).toEqual({
    host: "192.0.2.10",
    port: 2222,
    user: "debian",
    hostKey,
    privateKey: undefined,
    dialErrorLimit: 22,
    perDialTimeout: 8,
  });
});

test("remote commands with a key file get its text, as a secret", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hypha-key-"));
  try {
    writeFileSync(join(directory, "id"), "the key\n");
    const { privateKey } = remoteConnection({ ...endpoint, identity: { keyFile: join(directory, "id") } });
    expect(await outputOf(privateKey as never)).toEqual({ value: "the key\n", secret: true });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a leading ~/ is the home directory, anything else stays", () => {
  expect(expandHome("~/.ssh/id")).toBe(join(homedir(), ".ssh/id"));
  expect(expandHome("/~/id")).toBe("/~/id");
  expect(expandHome("~other/id")).toBe("~other/id");
});

test("the directory of the shared connections is made for its owner alone, and may be there already", () => {
  ensureControlDirectory();
  ensureControlDirectory();
  const stat = statSync(join(homedir(), ".ssh"));
  expect(stat.isDirectory()).toBe(true);
  expect(stat.mode & 0o777).toBe(0o700);
});

test("docker runs here against the socket, and elsewhere through ssh as one quoted word list", () => {
  const args = ["service", "ps", "--format", "{{json .}}", "it's"];
  expect(dockerArgv(hostAccess({ kind: "local", socket: "/run/d.sock" }), args)).toEqual([
    "docker",
    ["--host", "unix:///run/d.sock", ...args],
  ]);
  const quoted = `'service' 'ps' '--format' '{{json .}}' 'it'\\''s'`;
  for (const address of [endpoint.address, "2001:db8::1"]) {
    const there = { ...endpoint, address };
    expect(dockerArgv(hostAccess({ kind: "ssh", endpoint: there }), args)).toEqual([
      "ssh",
      [...sshDestination(there), "--", "docker", quoted],
    ]);
  }
});

test("a docker command that finds no engine, or no docker, gives a code and never throws", async () => {
  const { code } = await dockerCommand({ kind: "local", socket: "/nonexistent/docker.sock" }, ["info"]);
  expect(code).not.toBe(0);
});
