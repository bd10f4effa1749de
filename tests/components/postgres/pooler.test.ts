import { imageUids } from "../../../components/config/versions";
import { OwnCertificate } from "../../../components/edge/certificate";
import { Gateway } from "../../../components/matrix/gateway";
import { Pooler } from "../../../components/postgres/pooler";
import {
  renderPassfile,
  renderPoolerClientIni,
  renderPoolerHba,
  renderPoolerIni,
  renderUserlist,
} from "../../../components/postgres/poolerRender";
import { Postgres } from "../../../components/postgres/postgres";
import type { Deployment } from "../../support/mocks";
import { cluster, facts, pulled, run, waitsFor } from "../fixtures";

const database = { name: "chat", owner: "chat_user" };
const make = (monitored?: boolean) =>
  run(() => {
    const swarm = cluster();
    const image = pulled(swarm.manager);
    const postgres = new Postgres("postgres", swarm, {
      ...{ image, databases: [{ ...database, uid: imageUids.pooler }] },
      ...{ maxConnections: 20, machine: facts, keepData: true },
    });
    const certificate = new OwnCertificate("pooler-certificate", {
      ...{ names: ["hypha-test-pooler"], validityDays: 100, renewBeforeDays: 10, caValidityDays: 200 },
    });
    const pooler = new Pooler("pooler", swarm, {
      ...{ image, postgres, certificate, database, connections: 7 },
      ...(monitored === undefined ? {} : { monitored }),
    });
    return new Gateway("gateway", swarm, {
      ...{ image, replicas: 2, env: { RUST_LOG: "info" }, database: { kind: "network", pooler } },
    });
  });

const held = ({ byName }: Deployment<unknown>, name: string) =>
  Buffer.from(String(byName(name).inputs["data"]), "base64").toString();

/** The mount of a config or secret of the name given. */
const mount = (kind: "config" | "secret", name: string, fileName: string, uid: number): object => ({
  ...{ [`${kind}Id`]: `${name}-id`, [`${kind}Name`]: `${name}-0000000`, fileName },
  ...{ fileUid: String(uid), fileGid: String(uid), fileMode: 0o400 },
});

const children = [
  "docker:index/secret:Secret pooler-tls-key",
  "docker:index/secret:Secret pooler-users",
  "docker:index/serviceConfig:ServiceConfig pooler-ca-crt",
  "docker:index/serviceConfig:ServiceConfig pooler-pg-hba-conf",
  "docker:index/serviceConfig:ServiceConfig pooler-pgbouncer-ini",
  "docker:index/serviceConfig:ServiceConfig pooler-tls-crt",
  "hypha:swarm:Workload pooler",
  "random:index/randomPassword:RandomPassword pooler-password",
];

test.each([
  ["nothing else", undefined, []],
  ["nothing else", false, []],
  [
    "what one more account needs",
    true,
    [
      "docker:index/secret:Secret pooler-all-users",
      "docker:index/secret:Secret pooler-monitor-pgpass",
      "random:index/randomPassword:RandomPassword pooler-monitor-password",
    ],
  ],
])("has its children and %s where monitored is %s", async (_, monitored, more) => {
  const { resources, byName } = await make(monitored);
  const { urn } = byName("pooler", "hypha:postgres:Pooler");
  const found = resources.filter(({ parent }) => parent === urn).map(({ type, name }) => `${type} ${name}`);
  expect(found.sort()).toEqual([...children, ...more].sort());
});

test("its files hold what render says; key and password are secrets", async () => {
  const deployment = await make();
  expect(held(deployment, "pooler-pgbouncer-ini")).toBe(renderPoolerIni({ database, connections: 7 }));
  expect(held(deployment, "pooler-pg-hba-conf")).toBe(renderPoolerHba(database));
  expect(held(deployment, "pooler-users")).toBe(renderUserlist("chat_user", "password-of-pooler-password"));
  expect(held(deployment, "pooler-tls-key")).toContain("PRIVATE KEY");
  expect(deployment.byName("pooler-password").inputs).toEqual({ length: 40, special: false });
  for (const secret of ["pooler-users", "pooler-tls-key"]) {
    expect(deployment.byName(secret).secretInputs).toEqual(["data"]);
  }
});

test("monitored, it knows the account that watches, whose password only it and the exporter's file have", async () => {
  const deployment = await make(true);
  const [own, watcher] = ["password-of-pooler-password", "password-of-pooler-monitor-password"] as const;
  expect(held(deployment, "pooler-pgbouncer-ini")).toBe(
    renderPoolerIni({ database, connections: 7, monitored: true }),
  );
  expect(held(deployment, "pooler-pg-hba-conf")).toBe(renderPoolerHba(database, true));
  expect(held(deployment, "pooler-users")).toBe(renderUserlist("chat_user", own));
  expect(held(deployment, "pooler-all-users")).toBe(`"chat_user" "${own}"\n"hypha_monitor" "${watcher}"\n`);
  expect(held(deployment, "pooler-monitor-pgpass")).toBe(renderPassfile("hypha-test-pooler", watcher));
  expect(deployment.byName("pooler-monitor-password").inputs).toEqual({ length: 40, special: false });
  for (const secret of ["pooler-all-users", "pooler-monitor-pgpass"]) {
    expect(deployment.byName(secret).secretInputs).toEqual(["data"]);
  }
  const mounted = (service: string) => {
    const { taskSpec } = deployment.byName(service).inputs as { taskSpec: { containerSpec: object } };
    return (taskSpec.containerSpec as { secrets: object[] }).secrets;
  };
  expect(mounted("pooler-service")).toEqual([
    mount("secret", "pooler-tls-key", "/run/secrets/tls.key", imageUids.pooler),
    mount("secret", "pooler-all-users", "/run/secrets/userlist.txt", imageUids.pooler),
  ]);
  expect(mounted("gateway-service")).toEqual([
    mount("secret", "pooler-users", "/run/secrets/userlist.txt", imageUids.gateway),
  ]);
  for (const { name, inputs } of deployment.resources.filter(
    ({ type }) => type !== "docker:index/secret:Secret",
  )) {
    expect([name, JSON.stringify(inputs)]).toEqual([name, expect.not.stringContaining(watcher)]);
  }
});

test("a file of passwords takes what libpq has a meaning for", () => {
  expect(renderPassfile("a", "b:c\\d")).toBe("a:6432:pgbouncer:hypha_monitor:b\\:c\\\\d\n");
});

test("its service is beside the data, has the socket read-only, and no port or secret in its environment", async () => {
  const deployment = await make();
  const service = deployment.byName("pooler-service");
  const uid = imageUids.pooler;
  expect(service.inputs).toMatchObject({
    mode: { replicated: { replicas: 1 } },
    endpointSpec: { mode: "dnsrr", ports: [] },
    updateConfig: { order: "start-first" },
    taskSpec: {
      placement: { constraints: ["node.labels.hypha.test.data==true"] },
      resources: { limits: { memoryBytes: 128 * 1024 * 1024 } },
    },
  });
  const { containerSpec } = service.inputs["taskSpec"] as { containerSpec: Record<string, unknown> };
  expect(containerSpec).toMatchObject({
    env: { PGHOST: "hypha-test-pooler", PGPORT: "6432", PGUSER: "chat_user", PGDATABASE: "chat" },
    mounts: [
      {
        ...{ type: "volume", source: "hypha-test-postgres-socket", target: "/run/postgresql" },
        ...{ readOnly: true, volumeOptions: { noCopy: true } },
      },
      { type: "tmpfs", target: "/tmp" },
    ],
  });
  expect(containerSpec["configs"]).toEqual([
    mount("config", "pooler-pgbouncer-ini", "/etc/hypha/pgbouncer.ini", uid),
    mount("config", "pooler-pg-hba-conf", "/etc/hypha/pg_hba.conf", uid),
    mount("config", "pooler-tls-crt", "/etc/hypha/tls.crt", uid),
    mount("config", "pooler-ca-crt", "/etc/hypha/ca.crt", uid),
  ]);
  expect(containerSpec["secrets"]).toEqual([
    mount("secret", "pooler-tls-key", "/run/secrets/tls.key", uid),
    mount("secret", "pooler-users", "/run/secrets/userlist.txt", uid),
  ]);
  expect(waitsFor(service)).toContain("postgres-service");
});

test("a gateway that goes by it runs with the applications, without the socket, and waits for it alone", async () => {
  const deployment = await make();
  const service = deployment.byName("gateway-service");
  const uid = imageUids.gateway;
  expect(service.inputs).toMatchObject({
    mode: { replicated: { replicas: 2 } },
    taskSpec: { placement: { constraints: ["node.labels.hypha.test.app==true"] } },
  });
  const { containerSpec } = service.inputs["taskSpec"] as { containerSpec: Record<string, unknown> };
  expect(containerSpec["env"]).toEqual({ RUST_LOG: "info" });
  expect(containerSpec["mounts"]).toMatchObject([{ type: "tmpfs", target: "/tmp" }]);
  expect(containerSpec["configs"]).toEqual([
    mount("config", "gateway-pgbouncer-ini", "/etc/hypha/pgbouncer.ini", uid),
    mount("config", "pooler-ca-crt", "/etc/hypha/ca.crt", uid),
  ]);
  expect(containerSpec["secrets"]).toEqual([
    mount("secret", "pooler-users", "/run/secrets/userlist.txt", uid),
  ]);
  expect(held(deployment, "gateway-pgbouncer-ini")).toBe(
    renderPoolerClientIni(database, "hypha-test-pooler"),
  );
  expect(waitsFor(service).filter((other) => other.endsWith("-service"))).toEqual(["pooler-service"]);
});

test.each(["name", "owner"])("a %s that would need quotes is refused", (field) => {
  const bad = { ...database, [field]: "a b" };
  const refusal = /"a b" is no name for a database or role: use/;
  expect(() => renderPoolerIni({ database: bad, connections: 1 })).toThrow(refusal);
  expect(() => renderPoolerClientIni(bad, "x")).toThrow(refusal);
  expect(() => renderPoolerHba(bad)).toThrow(refusal);
});
