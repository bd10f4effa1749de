import { parse } from "yaml";
import type { HomeserverArgs } from "../../../components/matrix/homeserver";
import { Homeserver } from "../../../components/matrix/homeserver";
import { renderSigningKey } from "../../../components/matrix/render";
import { Postgres } from "../../../components/postgres/postgres";
import type { Deployment } from "../../support/mocks";
import { outputOf } from "../../support/mocks";
import { cluster, facts, labels, noOptions, pulled, run, waitsFor } from "../fixtures";

const make = (change: Partial<HomeserverArgs> = {}) =>
  run(() => {
    const swarm = cluster();
    const image = pulled(swarm.manager);
    const postgres = new Postgres("postgres", swarm, {
      ...{ image, databases: [], maxConnections: 20, machine: facts, keepData: true },
    });
    return new Homeserver("homeserver", swarm, {
      ...{
        image,
        postgres,
        machine: facts,
        serverName: "example.org",
        publicUrl: "https://chat.example.org/",
      },
      ...{ database: "synapse", role: "synapse_role", admin: "root-admin", keepData: true },
      ...change,
    });
  });
const secretFiles = [
  "admin_password",
  "form_secret",
  "macaroon_secret_key",
  "registration_shared_secret",
  "signing_key",
];
const own = ({ byName }: Deployment<unknown>) => byName("homeserver", "hypha:matrix:Homeserver");
const types = { secret: "docker:index/secret:Secret", config: "docker:index/serviceConfig:ServiceConfig" };
const decoded = (deployment: Deployment<unknown>, kind: keyof typeof types, name: string) =>
  Buffer.from(String(deployment.byName(name, types[kind]).inputs["data"]), "base64").toString();

test("has its children and nothing else", async () => {
  const deployment = await make();
  const children = deployment.resources.filter(({ parent }) => parent === own(deployment).urn);
  expect(children.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    ...secretFiles.map((file) => `docker:index/secret:Secret homeserver-${file.replaceAll("_", "-")}`),
    "docker:index/serviceConfig:ServiceConfig homeserver-homeserver-yaml",
    "docker:index/serviceConfig:ServiceConfig homeserver-log-yaml",
    "docker:index/volume:Volume homeserver-media",
    "hypha:swarm:Workload homeserver",
    "random:index/randomBytes:RandomBytes homeserver-signing-seed",
    "random:index/randomPassword:RandomPassword homeserver-admin-password",
    "random:index/randomPassword:RandomPassword homeserver-form-secret",
    "random:index/randomPassword:RandomPassword homeserver-macaroon-key",
    "random:index/randomPassword:RandomPassword homeserver-registration-secret",
  ]);
});

test("its secrets are 40 random characters each, four different ones, and a seed of 32 bytes", async () => {
  const deployment = await make();
  for (const { inputs } of deployment.byType("random:index/randomPassword:RandomPassword")) {
    expect(inputs).toEqual({ length: 40, special: false });
  }
  expect(deployment.byName("homeserver-signing-seed").inputs).toEqual({ length: 32 });
  const contents = secretFiles.map((file) =>
    decoded(deployment, "secret", `homeserver-${file.replaceAll("_", "-")}`),
  );
  expect(contents.slice(0, 4)).toEqual([
    "password-of-homeserver-admin-password",
    "password-of-homeserver-form-secret",
    "password-of-homeserver-macaroon-key",
    "password-of-homeserver-registration-secret",
  ]);
  expect(contents[4]).toMatch(/^ed25519 a_hypha [A-Za-z0-9+/]{43}\n$/);
  for (const secret of deployment.byType("docker:index/secret:Secret")) {
    expect(secret.secretInputs).toEqual(["data"]);
  }
});

test("the signing key file holds the seed without padding", () => {
  expect(renderSigningKey(Buffer.alloc(32, 1).toString("base64"))).toBe(
    "ed25519 a_hypha AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n",
  );
});

test("its configuration closes registration, names files for every secret and reaches the database by its socket", async () => {
  const deployment = await make();
  const yaml = parse(decoded(deployment, "config", "homeserver-homeserver-yaml")) as Record<string, unknown>;
  expect(yaml).toMatchObject({
    server_name: "example.org",
    public_baseurl: "https://chat.example.org/",
    enable_registration: false,
    report_stats: false,
    database: { args: { host: "/run/postgresql", user: "synapse_role", dbname: "synapse" } },
    listeners: [{ port: 8008, tls: false, x_forwarded: true, request_id_header: "X-Request-ID" }],
  });
  const paths = Object.values(yaml).filter((value) => String(value).startsWith("/run/secrets/"));
  expect(paths).toEqual(
    ["registration_shared_secret", "macaroon_secret_key", "form_secret", "signing_key"].map(
      (f) => `/run/secrets/${f}`,
    ),
  );
  expect(JSON.stringify(yaml)).not.toMatch(/password-of|ed25519/);
});

test.each([true, false])("keepData %s keeps or removes the media", async (keepData) => {
  const { byName } = await make({ keepData });
  const media = byName("homeserver-media");
  expect(media.inputs).toEqual({ name: "hypha-test-homeserver-media", labels: labels() });
  expect(media.options).toEqual({
    ...noOptions,
    provider: byName("local-docker").urn,
    retainOnDelete: keepData,
  });
});

test("its service owns its media, borrows the socket, and sees each file at its place", async () => {
  const { byName } = await make();
  const service = byName("homeserver-service");
  const file = (kind: "secret" | "config", name: string, path: string) => ({
    [`${kind}Id`]: `homeserver-${name}-id`,
    [`${kind}Name`]: `homeserver-${name}-0000000`,
    ...{ fileName: path, fileUid: "1002", fileGid: "1002", fileMode: 0o400 },
  });
  const volume = (source: string, target: string, readOnly: boolean) => ({
    ...{
      type: "volume",
      source: `hypha-test-${source}`,
      target,
      readOnly,
      volumeOptions: { noCopy: readOnly },
    },
  });
  expect(service.inputs).toMatchObject({
    endpointSpec: { mode: "dnsrr", ports: [] },
    updateConfig: { order: "stop-first" },
    mode: { replicated: { replicas: 1 } },
    taskSpec: {
      placement: { constraints: ["node.labels.hypha.test.data==true"] },
      resources: { limits: { memoryBytes: 1024 * 1024 * 1024 } },
      containerSpec: {
        env: { ADMIN_USER: "root-admin" },
        stopGracePeriod: "30s",
        healthcheck: { startPeriod: "1m30s" },
        mounts: [
          volume("postgres-socket", "/run/postgresql", true),
          volume("homeserver-media", "/data", false),
          { type: "tmpfs", target: "/tmp" },
        ],
        secrets: secretFiles.map((name) => file("secret", name.replaceAll("_", "-"), `/run/secrets/${name}`)),
        configs: [
          file("config", "homeserver-yaml", "/etc/synapse/homeserver.yaml"),
          file("config", "log-yaml", "/etc/synapse/log.yaml"),
        ],
      },
    },
  });
  expect(waitsFor(service)).toEqual(expect.arrayContaining(["postgres-service", "postgres-socket"]));
  const given = (await make({ memoryMiB: 2048, cpus: 2 })).byName("homeserver-service").inputs;
  expect(given).toMatchObject({
    taskSpec: { resources: { limits: { memoryBytes: 2048 * 1024 * 1024, nanoCpus: 2_000_000_000 } } },
  });
});

test("the administrator's password is an output, and a secret one", async () => {
  const deployment = await make();
  const password = { value: "password-of-homeserver-admin-password", secret: true };
  expect(await outputOf(deployment.result.adminPassword)).toEqual(password);
  expect(own(deployment)).toMatchObject({
    outputs: { adminPassword: password.value },
    secretOutputs: ["adminPassword"],
  });
});
