import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshDestination } from "../../../components/host/channel";
import { Vps } from "../../../components/host/vps";
import { MyceliumNode } from "../../../components/mycelium/mycelium";
import { Program, programVariables, releaseUrl } from "../../../components/mycelium/program";
import {
  apiDirectories,
  apiProxyUnit,
  apiSocketUnit,
  nodeConfig,
  nodeUnit,
} from "../../../components/mycelium/render";
import { shellAssign } from "../../../components/shell/quote";
import { outputOf } from "../../support/mocks";
import { endpoint, hostKey, noOptions, preflightOutput, run, sent, waitsFor } from "../fixtures";

const sum = "a1b2c3d4e5f6".padEnd(64, "0");
const release: Program = { kind: "release", version: "0.7.10", sha256: { x86_64: sum } };
const peers = ["tcp://192.0.2.20:9651"];
const identity = { address: "523:ac66::1", subnet: "523:ac66::/64", publicKey: "ab".repeat(32) };
const url =
  "https://github.com/threefoldtech/mycelium/releases/download/v0.7.10/mycelium-x86_64-unknown-linux-musl.tar.gz";

const node = (change: { program?: Program; tun?: boolean; user?: string; measured?: object } = {}) => {
  const { program = release, tun, user = "root" } = change;
  const size = { cpus: 1, memoryMiB: 1024, diskGiB: 5 };
  const login = { ...endpoint, user };
  const host = new Vps("web1", {
    ...{
      endpoint: login,
      deployUser: "muser",
      engine: "present",
      minimum: size,
      recommended: size,
      ports: [],
    },
  });
  return new MyceliumNode("web1-mycelium", { host, program, peers, tun });
};
const stdout = (measured?: object) => (name: string) => {
  if (name === "web1-preflight") return preflightOutput(measured);
  return name === "web1-mycelium-service" ? JSON.stringify(identity) : "";
};
const deployed = (change: Parameters<typeof node>[0] = {}) =>
  run(() => node(change), { stdout: stdout(change.measured) });

const remote = {
  ...noOptions,
  replaceOnChanges: ["triggers[*]"],
  additionalSecretOutputs: ["connection"],
};
const connection = {
  host: "192.0.2.10",
  port: 22,
  user: "root",
  hostKey,
  dialErrorLimit: 22,
  perDialTimeout: 8,
};
const verbs = {
  create: "bash -s -- up",
  update: "bash -s -- up",
  logging: "stderr",
  addPreviousOutputInEnv: false,
};

test("is a key, an account, the program sent and the service, one after the other", async () => {
  const { resources, byName } = await deployed();
  const own = resources.filter(({ name }) => name.startsWith("web1-mycelium"));
  expect(own.map(({ type, name }) => `${type} ${name}`)).toEqual([
    "hypha:mycelium:MyceliumNode web1-mycelium",
    "random:index/randomBytes:RandomBytes web1-mycelium-key",
    "command:remote:Command web1-mycelium-account",
    "command:remote:Command web1-mycelium-api",
    "command:local:Command web1-mycelium-program",
    "command:remote:Command web1-mycelium-service",
  ]);
  const parent = byName("web1-mycelium").urn;
  expect(byName("web1-mycelium-key")).toMatchObject({ parent, inputs: { length: 32 } });
  expect(byName("web1-mycelium-account")).toMatchObject({
    ...{ parent, secretInputs: ["connection"], options: remote },
  });
  expect(waitsFor(byName("web1-mycelium-account"))).toEqual(["web1-prepare"]);
  expect(byName("web1-mycelium-account").inputs).toEqual({
    ...verbs,
    delete: "bash -s -- down",
    connection,
    stdin: sent("export HOST_NAME='web1'\n", "mycelium/scripts/account.sh"),
  });
  expect(byName("web1-mycelium-program")).toMatchObject({ parent, secretInputs: [] });
  expect(waitsFor(byName("web1-mycelium-program"))).toEqual(["web1-mycelium-account", "web1-preflight"]);
  expect(byName("web1-mycelium-program").inputs).toEqual({
    ...verbs,
    stdin: sent(
      shellAssign({
        HOST_NAME: "web1",
        PROGRAM: "a1b2c3d4e5f6",
        PROGRAM_FILE: "",
        PROGRAM_URL: url,
        PROGRAM_SHA256: sum,
        ARCHITECTURE: "x86_64",
        TARGET: sshDestination(endpoint).join("\n"),
        ELEVATE: "",
      }),
      "mycelium/scripts/program.sh",
    ),
  });
});

test("the service's script gets the key on standard input, as a secret; nothing else holds it", async () => {
  const { resources, byName } = await deployed({ tun: false });
  const key = createHash("sha256").update("web1-mycelium-key").digest("base64");
  const service = byName("web1-mycelium-service");
  expect(service).toMatchObject({ options: remote, secretInputs: ["connection", "stdin"] });
  expect(waitsFor(service)).toEqual(["web1-mycelium-key", "web1-mycelium-program", "web1-preflight"]);
  const { stdin, ...rest } = service.inputs;
  // What the account leaves, its `down` removes: this one needs none.
  expect(rest).toEqual({ ...verbs, connection });
  expect(stdin).toBe(
    sent(
      shellAssign({
        HOST_NAME: "web1",
        PROGRAM: "a1b2c3d4e5f6",
        CONFIG: nodeConfig({ peers, tun: false }),
        UNIT: nodeUnit({ tun: false }),
        TUN: "false",
        TCP_PORTS: "9651 8989 8990",
        UDP_PORTS: "9651",
        API_PORT: "8989",
        KEY: key,
      }),
      "mycelium/scripts/service.sh",
    ),
  );
  const others = resources.filter((resource) => resource !== service);
  expect(JSON.stringify(others)).not.toContain(key);
});

test("the way to its API is there whether the node runs or not, and goes with it", async () => {
  const { byName, result } = await deployed();
  const api = byName("web1-mycelium-api");
  expect(api).toMatchObject({ secretInputs: ["connection"], options: remote });
  expect(waitsFor(api)).toEqual(["web1-prepare"]);
  expect(api.inputs).toEqual({
    ...verbs,
    delete: "bash -s -- down",
    connection,
    stdin: sent(
      shellAssign({
        HOST_NAME: "web1",
        DIRECTORIES: apiDirectories(),
        SOCKET_UNIT: apiSocketUnit(),
        PROXY_UNIT: apiProxyUnit(),
      }),
      "mycelium/scripts/api.sh",
    ),
  });
  expect(result.api).toMatchObject({ directory: "/run/hypha/mycelium", socket: "api.sock" });
  expect(result.api.after).toHaveLength(1);
});

test("who the node is, is told and is no secret", async () => {
  const { result, byName } = await deployed();
  expect(await outputOf(result.address)).toEqual({ value: identity.address, secret: false });
  expect(await outputOf(result.subnet)).toEqual({ value: identity.subnet, secret: false });
  expect(byName("web1-mycelium")).toMatchObject({ outputs: identity, secretOutputs: [] });
});

test("a login that is not root goes through sudo, here and there", async () => {
  const { byName } = await deployed({ user: "debian" });
  expect(byName("web1-mycelium-account").inputs).toMatchObject({
    create: "sudo -n bash -s -- up",
    delete: "sudo -n bash -s -- down",
  });
  expect(byName("web1-mycelium-service").inputs).toMatchObject({ create: "sudo -n bash -s -- up" });
  expect(byName("web1-mycelium-program").inputs["stdin"]).toContain("export ELEVATE='sudo -n'\n");
});

test("a preview shows the whole node", async () => {
  const { resources } = await run(node, { preview: true });
  const own = resources.filter(({ name }) => name.startsWith("web1-mycelium"));
  expect(own.map(({ name }) => name)).toEqual([
    "web1-mycelium",
    ...["key", "account", "api", "program", "service"].map((role) => `web1-mycelium-${role}`),
  ]);
});

describe("programVariables", () => {
  test("a file is named by its content", () => {
    const directory = mkdtempSync(join(tmpdir(), "hypha-mycelium-"));
    try {
      const file = join(directory, "mycelium");
      writeFileSync(file, "abc");
      expect(programVariables({ kind: "file", path: file }, "aarch64")).toEqual({
        PROGRAM: "ba7816bf8f01",
        PROGRAM_FILE: file,
        PROGRAM_URL: "",
        PROGRAM_SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ARCHITECTURE: "aarch64",
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("a release is the architecture's; where its SHA-256 is not known, the name is empty", () => {
    const both: Program = { ...release, sha256: { x86_64: sum, aarch64: "f".repeat(64) } };
    expect(programVariables(both, "aarch64")).toMatchObject({
      PROGRAM: "ffffffffffff",
      PROGRAM_URL: releaseUrl("0.7.10", "aarch64"),
    });
    expect(programVariables(release, "aarch64")).toMatchObject({ PROGRAM: "", PROGRAM_SHA256: "" });
    expect(programVariables(both, "constructor")).toMatchObject({ PROGRAM: "" });
    expect(releaseUrl("0.7.10", "x86_64")).toBe(url);
  });
});

/** What a VM of the grid shows. */
const grid = {
  addresses: ["10.20.2.2", "5ff:1::2"],
  indicators: {
    ...{ vendor: "Cloud Hypervisor", product: "cloud-hypervisor", assetTag: "", cloudId: "nocloud" },
    ...{ rootFileSystem: "virtiofs", zinit: false },
  },
};

test.each([
  [undefined, {}, true],
  [undefined, grid, false],
  [true, grid, true],
  [false, {}, false],
])("with tun %s on a server that shows %j it has an interface: %s", async (tun, measured, own) => {
  const shown = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  const { byName } = await deployed({ tun, measured });
  const { stdin } = byName("web1-mycelium-service").inputs;
  expect(stdin).toContain(`export TUN='${String(own)}'\n`);
  expect(stdin).toContain(shellAssign({ UNIT: nodeUnit({ tun: own }), TUN: String(own) }));
  // What the configuration asks for is done, and what it may break is said.
  const warned = shown.mock.calls.flat().join("\n");
  expect(warned.includes("hypha:mycelium.tun is true, and it has 5ff:1::2 already")).toBe(tun === true);
  shown.mockRestore();
});
