import * as docker from "@pulumi/docker";
import type { Source } from "../../../components/config/schema";
import { ServiceImage } from "../../../components/images/serviceImage";
import { applicationImage } from "../../../components/matrix/application";
import { Bridge } from "../../../components/matrix/bridge";
import { Frontend } from "../../../components/matrix/frontend";
import { Gateway } from "../../../components/matrix/gateway";
import { Homeserver } from "../../../components/matrix/homeserver";
import { Postgres } from "../../../components/postgres/postgres";
import type { RecordedResource } from "../../support/mocks";
import {
  cluster,
  facts,
  healthcheck,
  labels,
  localEngine,
  logDriver,
  pulled,
  reference,
  run,
  waitsFor,
} from "../fixtures";

jest.mock("../../../components/images/context", () => ({
  contextFiles: jest.fn(() => []),
  contentTag: () => "0123456789ab",
}));

interface Settings {
  readonly replicas: number;
  readonly env: Record<string, string>;
  readonly memoryMiB?: number;
  readonly cpus?: number;
}

const make = (settings: Settings, beside = false) =>
  run(() => {
    const swarm = cluster();
    const image = pulled(swarm.manager);
    const postgres = new Postgres("postgres", swarm, {
      ...{ image, databases: [], maxConnections: 20, machine: facts, keepData: true },
    });
    const homeserver = new Homeserver("homeserver", swarm, {
      ...{
        image,
        postgres,
        machine: facts,
        serverName: "x",
        publicUrl: "https://x/",
        database: "synapse",
        role: "synapse",
      },
      ...{ admin: "admin", keepData: true },
    });
    const mycelium = () => ({
      ...{ directory: "/run/hypha/mycelium", socket: "api.sock" },
      after: [new docker.Volume("first", { name: "first" }, { provider: swarm.provider })],
    });
    new Bridge("bridge", swarm, {
      ...{ ...settings, image, homeserver },
      mycelium: beside ? mycelium() : undefined,
    });
    new Gateway("gateway", swarm, { ...settings, image, database: { kind: "socket", postgres } });
    return new Frontend("frontend", swarm, { ...settings, image });
  });

const policy = { parallelism: 1, order: "start-first", monitor: "5s", delay: "0s", maxFailureRatio: "0" };
const tmpfs = (target: string) => ({
  type: "tmpfs",
  target,
  tmpfsOptions: { sizeBytes: 67108864, mode: 0o777 },
});
const socket = {
  ...{ type: "volume", source: "hypha-test-postgres-socket", target: "/run/postgresql" },
  ...{ readOnly: true, volumeOptions: { noCopy: true } },
};

function service(
  name: string,
  more: { limits: object; env?: object; mounts: object[]; role?: string; replicas?: number },
): object {
  const { limits, env, mounts, role = "app", replicas = 1 } = more;
  return {
    name: `hypha-test-${name}`,
    labels: labels(),
    mode: { replicated: { replicas } },
    endpointSpec: { mode: "dnsrr", ports: [] },
    updateConfig: { ...policy, failureAction: "rollback" },
    rollbackConfig: { ...policy, monitor: "1s", failureAction: "pause" },
    convergeConfig: { delay: "1s", timeout: replicas === 1 ? "2m40s" : "5m20s" },
    taskSpec: {
      networksAdvanceds: [{ id: "cluster-network-id" }],
      placement: { constraints: [`node.labels.hypha.test.${role}==true`] },
      restartPolicy: { condition: "any", delay: "2s", window: "1m" },
      logDriver,
      resources: { limits },
      containerSpec: {
        ...{
          image: reference,
          hostname: name,
          env,
          readOnly: true,
          capDrops: ["ALL"],
          stopGracePeriod: "10s",
        },
        healthcheck,
        ...{ mounts, secrets: [], configs: [] },
      },
    },
  };
}

const mib = (size: number) => size * 1024 * 1024;

test("each application is one service with its own limits, start-first, and no file or port", async () => {
  const { byName } = await make({ replicas: 1, env: {} });
  const upstreams = { HOMESERVER_UPSTREAM: "hypha-test-homeserver:8008", MYCELIUM_SOCKET: "" };
  expect(byName("bridge-service").inputs).toEqual(
    service("bridge", {
      limits: { memoryBytes: mib(128) },
      env: upstreams,
      mounts: [tmpfs("/tmp")],
    }),
  );
  expect(byName("gateway-service").inputs).toEqual(
    service("gateway", {
      limits: { memoryBytes: mib(128) },
      env: {},
      role: "data",
      mounts: [socket, tmpfs("/tmp")],
    }),
  );
  expect(byName("frontend-service").inputs).toEqual(
    service("frontend", {
      limits: { memoryBytes: mib(64) },
      env: {},
      mounts: [tmpfs("/tmp")],
    }),
  );
});

test("replicas, environment and limits given win, but for what the bridge must be told", async () => {
  const { byName } = await make({
    ...{ replicas: 3, memoryMiB: 512, cpus: 0.5 },
    env: { RUST_LOG: "debug", HOMESERVER_UPSTREAM: "elsewhere:1" },
  });
  const limits = { memoryBytes: mib(512), nanoCpus: 500_000_000 };
  expect(byName("frontend-service").inputs).toEqual(
    service("frontend", {
      ...{ limits, replicas: 3, mounts: [tmpfs("/tmp")] },
      env: { RUST_LOG: "debug", HOMESERVER_UPSTREAM: "elsewhere:1" },
    }),
  );
  expect(byName("bridge-service").inputs).toMatchObject({
    mode: { replicated: { replicas: 3 } },
    taskSpec: {
      resources: { limits },
      containerSpec: { env: { RUST_LOG: "debug", HOMESERVER_UPSTREAM: "hypha-test-homeserver:8008" } },
    },
  });
  expect(byName("gateway-service").inputs).toMatchObject({ taskSpec: { resources: { limits } } });
});

test("a bridge with a Mycelium node beside it has the node's directory, and nothing else of the host", async () => {
  const { byName } = await make({ replicas: 1, env: {} }, true);
  const bind = {
    ...{ type: "bind", source: "/run/hypha/mycelium", target: "/run/mycelium", readOnly: true },
    bindOptions: { propagation: "rprivate" },
  };
  expect(byName("bridge-service").inputs).toEqual(
    service("bridge", {
      ...{ limits: { memoryBytes: mib(128) }, mounts: [bind, tmpfs("/tmp")] },
      env: { HOMESERVER_UPSTREAM: "hypha-test-homeserver:8008", MYCELIUM_SOCKET: "/run/mycelium/api.sock" },
    }),
  );
  expect(waitsFor(byName("bridge-service"))).toContain("first");
});

test("the bridge waits for the homeserver, the gateway for the database, the frontend for neither", async () => {
  const { byName } = await make({ replicas: 1, env: {} });
  const services = (name: string) =>
    waitsFor(byName(`${name}-service`)).filter((other) => other.endsWith("-service"));
  expect(services("bridge")).toEqual(["homeserver-service"]);
  expect(services("gateway")).toEqual(["postgres-service"]);
  expect(services("frontend")).toEqual([]);
  for (const name of ["bridge", "gateway", "frontend"]) {
    const component = byName(name, `hypha:matrix:${name.charAt(0).toUpperCase()}${name.slice(1)}`);
    expect(component.outputs).toEqual({});
    expect(byName(name, "hypha:swarm:Workload").parent).toBe(component.urn);
  }
});

describe("the image of an application", () => {
  const of = (source: Source, application: "bridge" | "gateway" | "frontend" = "gateway") =>
    run(() => {
      const host = localEngine();
      const images = { base: "debian:x", buildOn: "local" as const, keep: 5 };
      const args = { source, images, host, nodes: [host] };
      return applicationImage("it", application, args, {});
    });
  const variables = (resource: RecordedResource): Record<string, string> => {
    const assignments = /^export (APP\w*|BUILD_ARGS)='([^']*)'$/gm;
    return Object.fromEntries(
      [...String(resource.inputs["stdin"]).matchAll(assignments)].map(([, name = "", value = ""]) => [
        name,
        value,
      ]),
    );
  };
  const real = "BASE=debian:x\nPACKAGES=libssl3 ca-certificates";
  const sha256 = "b".repeat(64);

  test.each<[string, Source, object]>([
    [
      "the sample",
      { kind: "sample" },
      { APP: "lab/apps/gateway", BUILD_ARGS: "BASE=debian:x\nPACKAGES=python3 python3-psycopg2" },
    ],
    ["a directory", { kind: "artifacts", path: "/srv/gateway" }, { APP: "/srv/gateway", BUILD_ARGS: real }],
    [
      "an archive",
      { kind: "artifacts", url: "https://x.example/a.tar.gz", sha256 },
      { APP_URL: "https://x.example/a.tar.gz", APP_SHA256: sha256, BUILD_ARGS: real },
    ],
    [
      "git",
      { kind: "git", url: "https://x.example/r.git", ref: "v1", build: "make", output: "out" },
      {
        ...{
          APP_GIT_URL: "https://x.example/r.git",
          APP_GIT_REF: "v1",
          APP_GIT_BUILD: "make",
          APP_GIT_OUTPUT: "out",
        },
        BUILD_ARGS: real,
      },
    ],
  ])("is built from %s", async (_, source, expected) => {
    const { byName, result } = await of(source);
    expect(variables(byName("it-build"))).toEqual(expected);
    expect(result).toBeInstanceOf(ServiceImage);
    expect(result.reference).toBe("hypha-test-images/gateway:0123456789ab");
  });

  test("is pulled where it is ready", async () => {
    const { byName, result } = await of({ kind: "image", reference });
    const { stdin } = byName("it-pull").inputs;
    expect(stdin).toContain(`export REFERENCE='${reference}'\nexport NODES='local'\n`);
    expect(result.reference).toBe(reference);
  });

  test.each([
    ["bridge", "PACKAGES=python3", "PACKAGES=libssl3 ca-certificates"],
    ["frontend", "PACKAGES=", "PACKAGES="],
  ] as const)("the %s needs its own packages", async (application, sample, built) => {
    const packages = async (source: Source) =>
      variables((await of(source, application)).byName("it-build"))["BUILD_ARGS"]?.split("\n")[1];
    expect(await packages({ kind: "sample" })).toBe(sample);
    expect(await packages({ kind: "artifacts", path: "/x" })).toBe(built);
  });
});
