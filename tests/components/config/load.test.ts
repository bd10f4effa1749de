import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { ConfigError, configHash, loadConfig, parseConfig } from "../../../components/config/load";
import { deploy } from "../../support/mocks";
import { hostKey, local, problemsOf, vps } from "../../support/config";

const root = join(__dirname, "..", "..", "..");

/** What Pulumi hands a program: text per key, JSON where the stack file has a map. */
function asConfig(sections: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sections).map(([key, value]) => [`hypha:${key}`, JSON.stringify(value)]),
  );
}

function stackFile(name: string): Record<string, unknown> {
  const { config } = parse(readFileSync(join(root, `Pulumi.${name}.yaml`), "utf8")) as { config: object };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.slice("hypha:".length), value]),
  );
}

const load = async (config: Record<string, string>, secretConfig: string[] = []) =>
  (await deploy(loadConfig, { config, secretConfig })).result;

test("all problems at once, whatever else is wrong, in one error that Pulumi prints without a stack trace", () => {
  const raw = {
    hosts: { a: { kind: "local" }, b: { kind: "local" } },
    edge: { ports: { http: 443 } },
    chat: { postgress: {} },
    backups: {},
  };
  expect(problemsOf(raw)).toEqual([
    "hypha:hosts: has the local engine (a, b) among 2 hosts: it makes no swarm with others; fix: keep either the local engine alone, or hosts of the kind vps",
    "hypha:hosts: has 2 hosts with the role data (a, b), and the database lives on one; fix: give every host its roles, and data to one of them",
    "hypha:chat.postgress: is no known key; fix: did you mean postgres? Otherwise remove it",
    "hypha:edge.domain: is missing; fix: it takes: The DNS name people open, like chat.example.org",
    "hypha:edge.ports.https: is the same as ports.http; fix: give each its own port",
    "hypha:backups: is no known key; fix: remove it; known here: hosts, cluster, chat, edge, images, mycelium, observability, notifications, release, validation",
  ]);
  const error = (() => {
    try {
      return parseConfig(local({ edge: {} }));
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(ConfigError);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect((error as ConfigError).message).toBe(
    "the configuration of this stack has 1 problem:\n" +
      "  hypha:edge.domain: is missing; fix: it takes: The DNS name people open, like chat.example.org",
  );
});

test("a section that is no map says how to write one", () => {
  expect(problemsOf({ hosts: "{", edge: "text" })).toEqual([
    "hypha:hosts: is a text, not a map of keys; fix: write a YAML map in the stack file, or pulumi config set --path 'hypha:hosts.<key>' <value>",
    "hypha:edge: is a text, not a map of keys; fix: write a YAML map in the stack file, or pulumi config set --path 'hypha:edge.<key>' <value>",
  ]);
  expect(problemsOf(local({ chat: null, images: [] }))).toEqual([
    "hypha:chat: must be a map of keys, is empty; fix: it takes: The chat system",
    "hypha:images: must be a map of keys, is a list; fix: it takes: How images are built",
  ]);
});

test("a renamed key says its new name", () => {
  const renamed = { "hosts.*.sshPort": "port", "chat.database": "postgres" };
  expect(problemsOf(vps({ sshPort: 2222 }, { chat: { database: {} } }), { renamed })).toEqual([
    "hypha:hosts.web1.sshPort: was renamed to port; fix: write hypha:hosts.web1.port",
    "hypha:chat.database: was renamed to postgres; fix: write hypha:chat.postgres",
  ]);
});

test("a placeholder is named with what to put, and only once", () => {
  expect(problemsOf(vps({ address: "<address of the server>", port: "<port>" }))).toEqual([
    "hypha:hosts.web1.address: still the placeholder <address of the server>; fix: put address of the server",
    "hypha:hosts.web1.port: still the placeholder <port>; fix: put port",
  ]);
});

test("the production stack file fails on its placeholders and on nothing else, and is valid once they are filled", () => {
  const raw = stackFile("prod");
  const paths = [
    "hosts.web1.address",
    "hosts.web1.hostKey",
    "edge.domain",
    "chat.serverName",
    "chat.bridge.source.path",
    "chat.gateway.source.path",
    "chat.frontend.source.path",
  ];
  const problems = problemsOf(raw);
  expect(problems.map((line) => line.split(": ")[0])).toEqual(paths.map((path) => `hypha:${path}`));
  expect(problems[0]).toBe(
    "hypha:hosts.web1.address: still the placeholder <the IPv4 or IPv6 address or the DNS name of the server>; " +
      "fix: put the IPv4 or IPv6 address or the DNS name of the server",
  );
  const filled = JSON.stringify(raw)
    .replace(/<[^>]*ssh_host[^>]*>/, hostKey)
    .replace(/<[^>]+>/g, "example.org");
  expect(problemsOf(JSON.parse(filled) as Record<string, unknown>)).toEqual([]);
});

test("the development stack file is valid", async () => {
  const config = await load(asConfig(stackFile("dev")));
  expect(config.edge).toMatchObject({ domain: "chat.localhost", ports: { http: 8080, https: 8443 } });
  expect(config.chat.bridge.source).toEqual({ kind: "sample" });
});

test("every key of the namespace is read, unknown ones too, and other namespaces are left alone", async () => {
  const config = { ...asConfig(local({ sites: {} })), "docker:host": "unix:///x" };
  await expect(load(config)).rejects.toThrow(/1 problem:\n {2}hypha:sites: is no known key; fix: remove it/);
});

test("an encrypted value is refused, and not repeated", async () => {
  const config = asConfig(local({ chat: { bridge: { env: { TOKEN: "hunter2" } } } }));
  const error = await load(config, ["hypha:chat"]).catch((thrown: unknown) => thrown);
  expect((error as ConfigError).problems).toEqual([
    {
      path: "hypha:chat",
      what: "is or holds an encrypted value",
      fix: "write it plain: Hypha makes its own secrets, and env is no place for one",
    },
  ]);
  expect(String(error)).not.toContain("hunter2");
});

test("directories and key files must be there, and ~ is the operator's home", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hypha-config-"));
  try {
    const keyFile = join(directory, "id");
    const chat = (path: string) => ({ chat: { bridge: { source: { kind: "artifacts", path } } } });
    await expect(load(asConfig(vps({ identity: { keyFile } }, chat(keyFile))))).rejects.toMatchObject({
      problems: [
        {
          path: "hypha:chat.bridge.source.path",
          what: `${keyFile} is no directory here`,
          fix: "put the built files there or correct the path",
        },
        {
          path: "hypha:hosts.web1.identity.keyFile",
          what: `${keyFile} is no file here`,
          fix: "put the private key there, correct the path, or use agent: true",
        },
      ],
    });
    writeFileSync(keyFile, "");
    await expect(load(asConfig(vps({ identity: { keyFile } }, chat(directory))))).resolves.toBeDefined();
    const missing = await load(asConfig(local(chat("~/hypha-no-such-dir")))).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(missing)).toContain(`${homedir()}/hypha-no-such-dir is no directory here`);
    const release = { images: { bridge: "0123456789ab" } };
    await expect(load(asConfig(local({ ...chat("~/hypha-no-such-dir"), release })))).resolves.toBeDefined();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the configuration is frozen all the way down", () => {
  const config = parseConfig(local());
  expect(() => {
    config.edge.ports.http = 1;
  }).toThrow(TypeError);
  expect(Object.isFrozen(config.hosts["local"]?.roles)).toBe(true);
});

test("the hash is of the content: other order same hash, other content other hash", () => {
  expect(configHash({ a: 1, b: { c: [1, 2], d: 2 } })).toBe(configHash({ b: { d: 2, c: [1, 2] }, a: 1 }));
  expect(configHash({ a: [1, 2] })).not.toBe(configHash({ a: [2, 1] }));
  expect(configHash({ a: 1 })).toMatch(/^[0-9a-f]{64}$/);
});
