import { Postgres } from "../../../components/postgres/postgres";
import type { PostgresArgs } from "../../../components/postgres/postgres";
import {
  renderHba,
  renderIdent,
  renderInitSql,
  renderPostgresqlConf,
} from "../../../components/postgres/render";
import { postgresSizes } from "../../../components/sizing/sizing";
import { cluster, facts, labels, noOptions, pulled, run, waitsFor } from "../fixtures";

const databases = [
  { name: "chat", owner: "chat_user", uid: 1001 },
  { name: "synapse", owner: "synapse", uid: 1002, collation: "C" as const },
];
const make = (change: Partial<PostgresArgs> = {}) =>
  run(() => {
    const swarm = cluster();
    return new Postgres("postgres", swarm, {
      image: pulled(swarm.manager),
      databases,
      maxConnections: 100,
      machine: facts,
      keepData: true,
      ...change,
    });
  });

test("has its children and nothing else", async () => {
  const { resources, byName } = await make();
  const children = resources.filter(
    ({ parent }) => parent === byName("postgres", "hypha:postgres:Postgres").urn,
  );
  expect(children.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "docker:index/serviceConfig:ServiceConfig postgres-init-sql",
    "docker:index/serviceConfig:ServiceConfig postgres-pg-hba-conf",
    "docker:index/serviceConfig:ServiceConfig postgres-pg-ident-conf",
    "docker:index/serviceConfig:ServiceConfig postgres-postgresql-conf",
    "docker:index/volume:Volume postgres-data",
    "docker:index/volume:Volume postgres-socket",
    "hypha:swarm:Workload postgres",
  ]);
});

test.each([true, false])("keepData %s keeps or removes the data, never the socket", async (keepData) => {
  const { byName } = await make({ keepData });
  const provider = byName("local-docker").urn;
  for (const [role, retainOnDelete] of [
    ["data", keepData],
    ["socket", false],
  ] as const) {
    const volume = byName(`postgres-${role}`);
    expect(volume.inputs).toEqual({ name: `hypha-test-postgres-${role}`, labels: labels() });
    expect(volume.options).toEqual({ ...noOptions, provider, retainOnDelete });
    expect(waitsFor(volume)).toEqual(["cluster-node-local"]);
  }
});

test("its files hold what render says", async () => {
  const { byName } = await make();
  const held = (name: string) =>
    Buffer.from(String(byName(`postgres-${name}`).inputs["data"]), "base64").toString();
  expect(held("postgresql-conf")).toBe(
    renderPostgresqlConf({ maxConnections: 100, ...postgresSizes(facts, { maxConnections: 100 }) }),
  );
  expect(held("pg-hba-conf")).toBe(renderHba(databases));
  expect(held("pg-ident-conf")).toBe(renderIdent(databases));
  expect(held("init-sql")).toBe(renderInitSql(databases));
});

test("its service owns the volumes, has no port, no environment and no secret", async () => {
  const { byName } = await make({ memoryMiB: 700, cpus: 1.5 });
  const service = byName("postgres-service");
  const mount = (file: string) => ({
    configId: `postgres-${file.replace(/[._]/g, "-")}-id`,
    configName: `postgres-${file.replace(/[._]/g, "-")}-0000000`,
    fileName: `/etc/hypha/${file}`,
    fileUid: "999",
    fileGid: "999",
    fileMode: 0o400,
  });
  const volume = (role: string, target: string) => ({
    type: "volume",
    source: `hypha-test-postgres-${role}`,
    target,
    readOnly: false,
    volumeOptions: { noCopy: false },
  });
  expect(service.inputs).toMatchObject({
    endpointSpec: { mode: "dnsrr", ports: [] },
    updateConfig: { order: "stop-first" },
    taskSpec: {
      placement: { constraints: ["node.labels.hypha.test.data==true"] },
      resources: { limits: { memoryBytes: 700 * 1024 * 1024, nanoCpus: 1_500_000_000 } },
      containerSpec: {
        stopGracePeriod: "1m",
        healthcheck: { startPeriod: "1m" },
        mounts: [
          volume("data", "/var/lib/postgresql/data"),
          volume("socket", "/run/postgresql"),
          { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 67108864, mode: 0o777 } },
        ],
        secrets: [],
        configs: ["postgresql.conf", "pg_hba.conf", "pg_ident.conf", "init.sql"].map(mount),
      },
    },
  });
  expect(service.inputs).not.toHaveProperty("taskSpec.containerSpec.env");
});

test("without a limit given, it may use a quarter of its host, or what its cache asks for", async () => {
  for (const [change, memoryMiB] of [
    [{}, 2048],
    [{ sharedBuffersMiB: 300 }, 856],
  ] as const) {
    expect((await make(change)).byName("postgres-service").inputs).toMatchObject({
      taskSpec: { resources: { limits: { memoryBytes: memoryMiB * 1024 * 1024 } } },
    });
  }
});

test("clients get the socket read-only, shared, and in a preview too", async () => {
  for (const preview of [false, true]) {
    const { result, byName } = await run(
      () => {
        const swarm = cluster();
        const image = pulled(swarm.manager);
        return new Postgres("postgres", swarm, {
          ...{ image, databases, maxConnections: 20, machine: facts, keepData: true },
        });
      },
      { preview },
    );
    expect(result.socket).toMatchObject({ path: "/run/postgresql", readOnly: true, shared: true });
    expect(byName("postgres", "hypha:postgres:Postgres")).toMatchObject({
      outputs: { socket: "hypha-test-postgres-socket" },
      secretOutputs: [],
    });
  }
});
