import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SshEndpoint } from "../../../components/host/channel";
import { sshOptions } from "../../../components/host/channel";
import { Vps } from "../../../components/host/vps";
import { outputOf } from "../../support/mocks";
import {
  endpoint,
  facts,
  hardened,
  hostKey,
  localEngine,
  noOptions,
  preflightOutput,
  printed,
  run,
  sent,
  waitsFor,
} from "../fixtures";

const vps = (change: Partial<SshEndpoint> = {}) =>
  new Vps("web1", {
    endpoint: { ...endpoint, ...change },
    deployUser: "muser",
    engine: "distribution",
    minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 5 },
    recommended: { cpus: 4, memoryMiB: 8192, diskGiB: 50 },
    ports: [80, 443],
    hardening: hardened,
  });
const command = { ...noOptions, replaceOnChanges: ["triggers[*]"] };
const remote = { ...command, additionalSecretOutputs: ["connection"] };

describe("LocalEngine", () => {
  test("is a look at the engine and a provider that waits for it; nothing runs at destroy", async () => {
    const { resources, byName } = await run(localEngine);
    expect(resources.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "hypha:host:LocalEngine local",
      "command:local:Command local-preflight",
      "pulumi:providers:docker local-docker",
    ]);
    const parent = byName("local").urn;
    expect(byName("local-preflight")).toMatchObject({
      parent,
      dependencies: [],
      secretInputs: [],
      options: command,
    });
    expect(byName("local-preflight").inputs).toEqual({
      create: "bash -s -- up",
      update: "bash -s -- up",
      logging: "stderr",
      addPreviousOutputInEnv: false,
      stdin: sent(
        "export HOST_NAME='local'\nexport DOCKER_HOST='unix:///run/test.sock'\nexport PORTS='8080 8443'\n",
        "host/scripts/measure.sh",
        "host/scripts/local.sh",
      ),
    });
    expect(byName("local-docker")).toMatchObject({ parent, secretInputs: [], options: noOptions });
    expect(byName("local-docker").inputs).toEqual({ host: "unix:///run/test.sock" });
    expect(waitsFor(byName("local-docker"))).toEqual(["local-preflight"]);
    expect(byName("local")).toMatchObject({ outputs: { facts }, secretOutputs: [] });
  });

  test("offers its name, channel and facts; a run that fails the preflight fails", async () => {
    const { result } = await run(localEngine);
    expect(result).toMatchObject({ name: "local", channel: { kind: "local", socket: "/run/test.sock" } });
    expect(await outputOf(result.facts)).toEqual({ value: facts, secret: false });
    await expect(
      run(localEngine, {
        outputs: ({ name }) => {
          if (name === "local-preflight") throw new Error("no engine answers");
          return undefined;
        },
      }),
    ).rejects.toThrow("no engine answers");
  });
});

/** A host whose Docker API somebody asks for. */
function reached(host: Vps): Vps {
  expect(host.provider).toBe(host.provider);
  return host;
}

describe("Vps", () => {
  test("has no provider, which is a process, until its Docker API is asked for", async () => {
    const { byType } = await run(() => vps());
    expect(byType("pulumi:providers:docker")).toEqual([]);
  });

  test("is checked, then prepared, then reached by the deploy account", async () => {
    const { resources, byName, result } = await run(() => reached(vps()));
    expect(resources.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "hypha:host:Vps web1",
      "command:remote:Command web1-preflight",
      "command:remote:Command web1-prepare",
      "hypha:host:Hardening web1-hardening",
      "command:remote:Command web1-hardening-apply",
      "command:remote:Command web1-hardening-confirm",
      "pulumi:providers:docker web1-docker",
    ]);
    const parent = byName("web1").urn;
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
    expect(byName("web1-preflight")).toMatchObject({ parent, dependencies: [], options: remote });
    expect(byName("web1-preflight").inputs).toEqual({
      ...verbs,
      connection,
      stdin: sent(
        "export HOST_NAME='web1'\nexport ENGINE='distribution'\nexport PORTS='80 443'\n" +
          "export MINIMUM_CPUS='1'\nexport MINIMUM_MEMORY_MIB='1024'\nexport MINIMUM_DISK_MIB='5120'\n" +
          "export RECOMMENDED_CPUS='4'\nexport RECOMMENDED_MEMORY_MIB='8192'\nexport RECOMMENDED_DISK_MIB='51200'\n",
        "host/scripts/measure.sh",
        "host/scripts/preflight.sh",
      ),
    });
    expect(byName("web1-prepare")).toMatchObject({ parent, options: remote });
    expect(waitsFor(byName("web1-prepare"))).toEqual(["web1-preflight"]);
    expect(byName("web1-prepare").inputs).toEqual({
      ...verbs,
      connection,
      stdin: sent(
        "export HOST_NAME='web1'\nexport ENGINE='distribution'\nexport DEPLOY_USER='muser'\n",
        "host/scripts/prepare.sh",
      ),
    });
    expect(byName("web1-docker")).toMatchObject({ parent, secretInputs: [], options: noOptions });
    expect(byName("web1-hardening")).toMatchObject({ parent });
    // It needs the memory that the preflight measured.
    expect(waitsFor(byName("web1-hardening-apply"))).toEqual(["web1-preflight", "web1-prepare"]);
    expect(waitsFor(byName("web1-docker"))).toEqual(["web1-hardening-confirm"]);
    expect(byName("web1-docker").inputs).toEqual({
      host: "ssh://muser@192.0.2.10:22",
      // A provider's inputs that are no text go to the engine as JSON.
      sshOpts: JSON.stringify(sshOptions(endpoint)),
    });
    expect(byName("web1")).toMatchObject({ outputs: { facts }, secretOutputs: [] });
    expect(result).toMatchObject({
      name: "web1",
      channel: { kind: "ssh", endpoint: { ...endpoint, user: "muser" } },
    });
  });

  test.each([
    ["root", "bash -s -- up"],
    ["debian", "sudo -n bash -s -- up"],
  ])("the first contact of %s runs %s", async (user, line) => {
    const { byName } = await run(() => reached(vps({ user })));
    for (const name of ["web1-preflight", "web1-prepare"]) {
      expect(byName(name).inputs).toMatchObject({ create: line, update: line, connection: { user } });
      expect(byName(name).inputs).not.toHaveProperty("delete");
    }
    expect(byName("web1-docker").inputs).toMatchObject({ host: "ssh://muser@192.0.2.10:22" });
  });

  test("another port and an IPv6 address reach every connection", async () => {
    const { byName } = await run(() => reached(vps({ address: "2001:db8::7", port: 2222 })));
    expect(byName("web1-preflight").inputs).toMatchObject({
      connection: { host: "2001:db8::7", port: 2222 },
    });
    expect(byName("web1-docker").inputs).toMatchObject({
      host: "ssh://muser@[2001:db8::7]:2222",
      sshOpts: expect.stringContaining(`KnownHostsCommand=/bin/echo [2001:db8::7]:2222 ${hostKey}`),
    });
  });

  test("a key file's text goes into a secret input only, its path to the provider", async () => {
    const directory = mkdtempSync(join(tmpdir(), "hypha-key-"));
    try {
      const keyFile = join(directory, "id");
      writeFileSync(keyFile, "THE-PRIVATE-KEY\n");
      const { resources, byName } = await run(() => reached(vps({ identity: { keyFile } })));
      for (const name of ["web1-preflight", "web1-prepare"]) {
        expect(byName(name).inputs).toMatchObject({ connection: { privateKey: "THE-PRIVATE-KEY\n" } });
        expect(byName(name).secretInputs).toContain("connection");
      }
      expect(byName("web1-docker").inputs["sshOpts"]).toContain(`IdentityFile=${keyFile}`);
      expect(JSON.stringify(resources.map(({ inputs }) => ({ ...inputs, connection: {} })))).not.toContain(
        "THE-PRIVATE",
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("warnings of the preflight are shown and are facts, and a preview knows no facts", async () => {
    const warned = { warnings: ["2 CPUs, 4 are recommended"] };
    const shown = jest.spyOn(console, "warn").mockImplementation(() => undefined);
    const { result } = await run(() => reached(vps()), {
      stdout: (name) => (name === "web1-preflight" ? preflightOutput(warned) : printed(name)),
    });
    expect((await outputOf(result.facts)).value).toEqual({ ...facts, ...warned });
    expect(shown.mock.calls.flat().join("\n")).toContain("web1: 2 CPUs, 4 are recommended");
    shown.mockRestore();
    const preview = await run(() => reached(vps()), { preview: true });
    expect(preview.resources.map(({ name }) => name)).toEqual([
      "web1",
      "web1-preflight",
      "web1-prepare",
      "web1-hardening",
      "web1-hardening-apply",
      "web1-hardening-confirm",
      "web1-docker",
    ]);
  });
});
