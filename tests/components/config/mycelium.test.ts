import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, parseConfig } from "../../../components/config/load";
import { deploy } from "../../support/mocks";
import { local, problemsOf, vps } from "../../support/config";

const digest = "a".repeat(64);
const mycelium = (section: unknown) => problemsOf(vps({}, { mycelium: section }));

test("the section is absent, or has every default", () => {
  expect(parseConfig(vps()).mycelium).toBeUndefined();
  expect(parseConfig(vps({}, { mycelium: {} })).mycelium).toEqual({
    source: { kind: "sample" },
    peers: ["tcp://188.40.132.242:9651", "quic://185.69.166.8:9651"],
  });
});

test.each([
  { source: { kind: "release", version: "0.7.10", sha256: { x86_64: digest } } },
  { source: { kind: "release", version: "0.7.10", sha256: { x86_64: digest, aarch64: digest } } },
  { source: { kind: "file", path: "build/mycelium" } },
  { source: { kind: "file", path: "~/mycelium", sha256: digest } },
  { peers: [] },
  { peers: ["tcp://[2001:db8::1]:9651", "quic://192.0.2.1:1"], tun: false },
])("section %j", (section) => {
  expect(mycelium(section)).toEqual([]);
});

const peer = "is no peer; fix: write tcp:// or quic://, an IPv4 or [IPv6] address, a colon and a port";
test.each([
  "192.0.2.1:9651",
  "tcp://node.example.org:9651",
  "tcp://192.0.2.1",
  "tcp://192.0.2.1:0",
  "tcp://192.0.2.1:65536",
  "tcp://2001:db8::1:9651",
  "tcp://[192.0.2.1]:9651",
  "tcp://[fe80::1%eth0]:9651",
  'tcp://192.0.2.1:9651"',
  "udp://192.0.2.1:9651",
])("peer %j is refused: Mycelium takes addresses only", (text) => {
  expect(mycelium({ peers: [text] })).toEqual([`hypha:mycelium.peers.0: ${peer}`]);
});

test("all problems are told at once", () => {
  const section = {
    source: { kind: "release", version: "v0.7.10", sha256: {} },
    peers: ["tcp://192.0.2.1:9651", "tcp://192.0.2.1:9651"],
    tune: false,
  };
  expect(mycelium(section).sort()).toEqual([
    "hypha:mycelium.peers: names a peer twice; fix: keep each peer once",
    "hypha:mycelium.source.sha256: is empty; fix: write the archive's SHA-256 under x86_64, aarch64 or both",
    "hypha:mycelium.source.version: is no version; fix: write it in quotes without a v, like 0.7.10",
    "hypha:mycelium.tune: is no known key; fix: did you mean tun? Otherwise remove it",
  ]);
});

test("it needs a server, and the site must leave it its ports", () => {
  expect(problemsOf(local({ mycelium: {} }))).toEqual([
    "hypha:mycelium: has no server to run on: a node runs on hosts of the kind vps; " +
      "fix: remove the section, or add a server to hypha:hosts",
  ]);
  const edge = { domain: "chat.example.org", ports: { http: 8989, https: 9651 } };
  expect(problemsOf(vps({}, { edge }))).toEqual([]);
  expect(problemsOf(vps({}, { edge, mycelium: {} }))).toEqual([
    "hypha:edge.ports.http: is 8989, a port of the Mycelium node on host web1; fix: give the site another port",
    "hypha:edge.ports.https: is 9651, a port of the Mycelium node on host web1; fix: give the site another port",
  ]);
});

describe("a file", () => {
  const directory = mkdtempSync(join(tmpdir(), "hypha-mycelium-"));
  const file = join(directory, "mycelium");
  writeFileSync(file, "abc");
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const load = (source: object) => {
    const raw = vps({}, { mycelium: { source: { kind: "file", ...source } } });
    const config = Object.entries(raw).map(
      ([key, value]) => [`hypha:${key}`, JSON.stringify(value)] as const,
    );
    return deploy(() => loadConfig(), { config: Object.fromEntries(config) });
  };

  test("must be there, and be what its SHA-256 says", async () => {
    await expect(load({ path: directory })).rejects.toThrow(
      `hypha:mycelium.source.path: ${directory} is no file here; fix: put the executable there or correct the path`,
    );
    await expect(load({ path: file, sha256: digest })).rejects.toThrow(
      `hypha:mycelium.source.sha256: is not what ${file} has; fix: find out what changed it before you correct it`,
    );
    const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    await expect(load({ path: file, sha256 })).resolves.toBeDefined();
  });
});
