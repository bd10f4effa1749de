import { createHash } from "node:crypto";
import type { StackConfig } from "../../../components/config/schema";
import { Chat } from "../../../components/systems/chat";
import { cluster, hosts } from "../../../components/systems/hosts";
import type { DeployOptions, Deployment, RecordedResource } from "../../support/mocks";
import { outputOf } from "../../support/mocks";
import {
  devConfig,
  healthcheck,
  keptVolumes,
  logDriver,
  printed,
  run,
  vpsConfig,
  waitsFor,
} from "../fixtures";

/** As index.ts wires it. */
const graph = (config: StackConfig, options: DeployOptions = {}): Promise<Deployment<Chat>> =>
  run(() => new Chat("chat", cluster(config, hosts(config)), config), options);

const made = new Map<string, Promise<Deployment<Chat>>>();
const configs: Record<string, () => StackConfig> = { dev: devConfig, vps: vpsConfig };
/** The graph of a config; built once, nothing changes it. */
function built(name: string): Promise<Deployment<Chat>> {
  const known = made.get(name) ?? graph((configs[name] ?? devConfig)());
  made.set(name, known);
  return known;
}

const urns = (deployment: Deployment<unknown>) => deployment.resources.map(({ urn }) => urn).sort();
const services = (deployment: Deployment<unknown>) => deployment.byType("docker:index/service:Service");

/** Every text in a value, with its dotted path. */
function texts(value: unknown, path: readonly string[] = []): [path: string, text: string][] {
  if (typeof value === "string") {
    return [[path.join("."), value]];
  }
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => texts(inner, [...path, key]))
    : [];
}

/** Paths of texts that hold one of `secrets`, plain or in base64, outside what is marked as secret. */
function leaks(resource: RecordedResource, secrets: readonly string[]): string[] {
  const covered = (path: string, marks: readonly string[] = []) =>
    marks.some((mark) => `${path}.`.startsWith(`${mark}.`));
  const plain = [
    ...texts(resource.inputs).filter(([path]) => !covered(path, resource.secretInputs)),
    ...texts(resource.outputs).filter(([path]) => !covered(path, resource.secretOutputs)),
    ["name", resource.name] as const,
  ];
  return plain
    .filter(([, text]) => {
      const decoded = Buffer.from(text, "base64").toString();
      return secrets.some((secret) => text.includes(secret) || decoded.includes(secret));
    })
    .map(([path]) => `${resource.name}: ${path}`);
}

describe.each(Object.keys(configs))("the chat of the %s config", (name) => {
  test("every resource is in the chat, in the cluster or in the host, and is named after its parent", async () => {
    const { resources } = await built(name);
    const top = resources.filter(({ parent }) => parent === "").map(({ type }) => type);
    expect(top.sort()).toEqual([
      `hypha:host:${name === "dev" ? "LocalEngine" : "Vps"}`,
      "hypha:swarm:Cluster",
      "hypha:systems:Chat",
    ]);
    for (const { name: own, parent } of resources) {
      const above = resources.find(({ urn }) => urn === parent);
      // The parts of the chat are its children: their names are what everything below starts with.
      if (above !== undefined && above.name !== "chat") {
        expect(`${own}-`).toMatch(new RegExp(`^${above.name}-`));
      }
    }
    expect(new Set(urns(await built(name))).size).toBe(resources.length);
  });

  test("every component says what it has made", async () => {
    const { resources } = await built(name);
    for (const component of resources.filter(({ custom }) => !custom)) {
      expect({ name: component.name, outputs: component.outputs }).toMatchObject({
        outputs: expect.any(Object),
      });
    }
  });

  test("every service has health check, limits, log rotation, restarts and a way back; only the edge has ports", async () => {
    const deployment = await built(name);
    expect(
      services(deployment)
        .map((one) => one.name)
        .sort(),
    ).toEqual(
      ["bridge", "edge", "frontend", "gateway", "homeserver", "postgres"].map((part) => `${part}-service`),
    );
    for (const service of services(deployment)) {
      expect(service.inputs).toMatchObject({
        name: expect.stringMatching(/^hypha-test-/),
        labels: [{ label: "hypha.stack", value: "test" }],
        endpointSpec: { mode: "dnsrr" },
        updateConfig: { failureAction: "rollback", maxFailureRatio: "0", parallelism: 1 },
        rollbackConfig: { failureAction: "pause" },
        taskSpec: {
          restartPolicy: { condition: "any" },
          logDriver,
          resources: { limits: { memoryBytes: expect.any(Number) } },
          containerSpec: {
            ...{ readOnly: true, capDrops: ["ALL"] },
            healthcheck: {
              tests: healthcheck.tests,
              retries: ["homeserver-service", "postgres-service"].includes(service.name) ? 10 : 3,
            },
          },
        },
      });
      const { endpointSpec } = service.inputs as { endpointSpec: { ports: unknown[] } };
      expect([service.name, endpointSpec.ports.length]).toEqual([
        service.name,
        service.name === "edge-service" ? 2 : 0,
      ]);
      expect(service.options).toMatchObject({
        hooks: { onError: [`explain-hypha-test-${service.name.slice(0, -8)}`] },
      });
    }
  });

  test("everything on the engine is made through the host's provider, named and labelled by the stack", async () => {
    const deployment = await built(name);
    const docker = deployment.resources.filter(({ type }) => type.startsWith("docker:"));
    const [provider] = deployment.resources.filter(({ type }) => type === "pulumi:providers:docker");
    expect(docker.length).toBeGreaterThan(15);
    for (const resource of docker) {
      expect([resource.name, resource.options.provider]).toEqual([resource.name, provider?.urn]);
      expect(resource.inputs["labels"]).toEqual([{ label: "hypha.stack", value: "test" }]);
      // What cannot be changed in place is named by Pulumi.
      const replaced = /docker:index\/(secret|serviceConfig):/.test(resource.type);
      expect(resource.inputs["name"]).toEqual(replaced ? undefined : expect.stringMatching(/^hypha-test-/));
    }
  });

  test("a preview registers what the update does", async () => {
    const preview = await graph((configs[name] ?? devConfig)(), { preview: true });
    expect(urns(preview)).toEqual(urns(await built(name)));
  });

  test("no secret stands in a plain input, output or name", async () => {
    const { resources } = await built(name);
    const seed = createHash("sha256").update("homeserver-signing-seed").digest();
    const secrets = [
      ...["password-of-", "bcrypt-of-", "BEGIN PRIVATE KEY", "BEGIN OPENSSH PRIVATE KEY", "ed25519 a_hypha"],
      ...[seed.toString("hex"), seed.toString("base64").slice(0, 40)],
    ];
    expect(resources.flatMap((resource) => leaks(resource, secrets))).toEqual([]);
    const hidden = resources.flatMap(({ secretInputs, inputs }) =>
      secretInputs.length > 0 ? texts(inputs) : [],
    );
    // The search finds them where they belong, so it would find them elsewhere.
    for (const secret of ["password-of-", "BEGIN PRIVATE KEY", "ed25519 a_hypha"]) {
      expect(
        hidden.some(
          ([, text]) => Buffer.from(text, "base64").toString().includes(secret) || text.includes(secret),
        ),
      ).toBe(true);
    }
  });

  test("the volumes alone may stay behind, and no command line holds anything", async () => {
    const { resources, byName } = await built(name);
    expect(keptVolumes(resources)).toEqual(name === "dev" ? ["homeserver-media", "postgres-data"] : []);
    const all = services(await built(name));
    for (const service of all) {
      expect(service.options.retainOnDelete).toBe(true);
      const removal = byName(service.name.replace(/-service$/, "-removal"));
      expect(removal.inputs["delete"]).toBe("bash -s -- down");
      expect(waitsFor(service)).toEqual(expect.arrayContaining([removal.name, ...waitsFor(removal)]));
    }
    expect(all.length).toBeGreaterThan(5);
    for (const { inputs } of resources.filter(({ type }) => type.startsWith("command:"))) {
      expect([inputs["create"] ?? inputs["delete"], inputs["update"] ?? inputs["delete"]].join()).toMatch(
        /^((sudo -n )?bash -s -- up|bash -s -- down),((sudo -n )?bash -s -- up|bash -s -- down)$/,
      );
      expect(inputs).not.toHaveProperty("environment");
    }
  });
});

/** The same value with its keys the other way round. */
function turned(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

test("the order of keys in the config changes neither names nor inputs", async () => {
  const reordered = await graph(vpsConfig((raw) => turned(raw) as Record<string, unknown>));
  const deployment = await built("vps");
  expect(urns(reordered)).toEqual(urns(deployment));
  for (const { urn, inputs } of deployment.resources) {
    expect(reordered.resources.find((one) => one.urn === urn)?.inputs).toEqual(inputs);
  }
});

test("what the config says arrives: replicas, environment, limits, names, ports, sources", async () => {
  const { byName, result } = await built("vps");
  expect(byName("bridge-service").inputs).toMatchObject({
    mode: { replicated: { replicas: 3 } },
    taskSpec: { containerSpec: { env: { RUST_LOG: "info", ANOTHER: "x" } } },
  });
  expect(byName("gateway-service").inputs).toMatchObject({
    taskSpec: { resources: { limits: { memoryBytes: 256 * 1024 * 1024, nanoCpus: 500_000_000 } } },
  });
  expect(byName("frontend-image-pull").inputs["stdin"]).toContain(
    `export REFERENCE='registry.example/app@sha256:`,
  );
  expect(byName("homeserver-service").inputs).toMatchObject({
    taskSpec: { containerSpec: { env: { ADMIN_USER: "root-admin" } } },
  });
  const held = (name: string) => Buffer.from(String(byName(name).inputs["data"]), "base64").toString();
  expect(held("homeserver-homeserver-yaml")).toContain("server_name: example.org\n");
  expect(held("homeserver-homeserver-yaml")).toContain("public_baseurl: https://chat.example.org/\n");
  const nginx = held("edge-nginx-conf");
  expect(nginx).toContain(`'{"m.homeserver":{"base_url":"https://chat.example.org"}}'`);
  expect(nginx).toContain(`'{"m.server":"chat.example.org:443"}'`);
  expect(
    [
      ...nginx.matchAll(
        /location (\S[^{]*) {\n(?: +limit_except GET {[^}]*}\n)?[^}]*set \$upstream ([^;]+);/g,
      ),
    ].map((m) => [m[1], m[2]]),
  ).toEqual([
    ["/", "hypha-test-frontend:8080"],
    ["/_matrix/", "hypha-test-homeserver:8008"],
    ["/api/", "hypha-test-gateway:8080"],
    ["= /api/v1/bridge/status", "hypha-test-bridge:8081"],
  ]);
  expect([...nginx.matchAll(/location (\S+) {\s+return 404;/g)].map((m) => m[1])).toEqual([
    ...["/api/auth/", "/api/v1/bridge/"],
  ]);
  expect(held("postgres-pg-ident-conf")).toBe('clients uid1001 "mycelium_user"\nclients uid1002 "synapse"\n');
  expect(byName("certificate-request").inputs).toMatchObject({
    dnsNames: ["chat.example.org", "www.example.org"],
  });
  expect(result.url).toBe("https://chat.example.org");
  expect(result.admin.user).toBe("@root-admin:example.org");
});

test("its outputs: address, authority, administrator and each part's image; the password alone is secret", async () => {
  const { result, byName } = await built("dev");
  expect(result.url).toBe("https://chat.localhost:8443");
  expect(await outputOf(result.authority)).toMatchObject({
    value: expect.stringContaining("BEGIN CERTIFICATE"),
    secret: false,
  });
  expect(await outputOf(result.admin.password)).toMatchObject({ secret: true });
  const { value, secret } = await outputOf(result.images);
  const parts = ["bridge", "edge", "frontend", "gateway", "homeserver", "postgres"];
  expect(secret).toBe(false);
  expect(Object.keys(value).sort()).toEqual(parts);
  for (const part of parts) {
    expect(value).toMatchObject({
      [part]: {
        reference: expect.stringMatching(new RegExp(`^hypha-test-images/${part}:[0-9a-f]{12}$`)),
        id: printed(`${part}-image-build`),
      },
    });
  }
  expect(byName("chat").outputs).toMatchObject({ url: result.url, images: value });
});

test("a host without the edge's role needs none of the site's ports", async () => {
  const config = vpsConfig();
  const roles = {
    ...config,
    hosts: { web1: { ...config.hosts["web1"], roles: ["manager", "data", "app"] } },
  };
  const { byName } = await run(() => hosts(roles as StackConfig));
  expect(byName("web1-preflight").inputs["stdin"]).toContain("export PORTS=''\n");
  const { byName: withEdge } = await built("vps");
  expect(withEdge("web1-preflight").inputs["stdin"]).toContain("export PORTS='80 443'\n");
});

test("an image that the release names by its tag is that one, and every other is made of its content", async () => {
  const { result } = await graph({
    ...devConfig(),
    release: { rollbackOnFailure: false, images: { frontend: "0123456789ab" } },
  });
  const { value } = await outputOf(result.images);
  const { value: plain } = await outputOf((await built("dev")).result.images);
  const reference = "hypha-test-images/frontend:0123456789ab";
  expect(plain).not.toMatchObject({ frontend: { reference } });
  expect(value).toEqual({ ...Object(plain), frontend: { reference, id: printed("frontend-image-build") } });
});
