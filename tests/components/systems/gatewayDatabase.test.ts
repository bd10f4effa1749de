import type { StackConfig } from "../../../components/config/schema";
import { Chat } from "../../../components/systems/chat";
import { cluster, hosts } from "../../../components/systems/hosts";
import type { Deployment } from "../../support/mocks";
import { outputOf } from "../../support/mocks";
import { run, vpsConfig } from "../fixtures";

/** The chat on hosts of these roles. */
function graph(roles: readonly string[][]): Promise<Deployment<Chat>> {
  const config = vpsConfig();
  const [server] = Object.values(config.hosts);
  const fleet = roles.map((mine, index) => [`web${index + 1}`, { ...server, roles: mine }] as const);
  const all = { ...config, hosts: Object.fromEntries(fleet) } as StackConfig;
  return run(() => new Chat("chat", cluster(all, hosts(all)), all));
}

const held = ({ byName }: Deployment<unknown>, name: string) =>
  Buffer.from(String(byName(name).inputs["data"]), "base64").toString();

const gatewayOn = (role: string) => ({
  taskSpec: { placement: { constraints: [`node.labels.hypha.test.${role}==true`] } },
});

test.each([
  ["one host has all roles", [["manager", "data", "edge", "app"]]],
  [
    "applications run beside the data only",
    [
      ["manager", "edge"],
      ["data", "app"],
    ],
  ],
])("where %s, the gateway has the socket, and there is no pooler", async (_, roles) => {
  const deployment = await graph(roles);
  expect(deployment.resources.filter(({ name }) => name.startsWith("pooler"))).toEqual([]);
  expect(held(deployment, "postgres-pg-ident-conf")).toContain('clients uid1001 "mycelium_user"\n');
  expect(deployment.byName("gateway-service").inputs).toMatchObject(gatewayOn("data"));
});

test.each([
  ["elsewhere only", [["manager", "data", "edge"], ["app"]]],
  ["elsewhere, too", [["manager", "data", "edge", "app"], ["app"]]],
])("where applications run %s, the gateway goes by the pooler", async (_, roles) => {
  const deployment = await graph(roles);
  const { byName, result } = deployment;
  // The gateway's account opens nothing any more.
  expect(held(deployment, "postgres-pg-ident-conf")).toBe(
    'clients uid1006 "mycelium_user"\nclients uid1002 "synapse"\n',
  );
  expect(byName("gateway-service").inputs).toMatchObject(gatewayOn("app"));
  expect(byName("pooler", "hypha:postgres:Pooler").parent).toBe(byName("chat").urn);
  expect(byName("pooler-certificate-request").inputs).toMatchObject({ dnsNames: ["hypha-test-pooler"] });
  expect(byName("pooler-certificate-site").inputs).toMatchObject({
    validityPeriodHours: 1825 * 24,
    earlyRenewalHours: 30 * 24,
  });
  expect(held(deployment, "pooler-pgbouncer-ini")).toContain("max_db_connections = 50\n");
  expect(Object.keys((await outputOf(result.images)).value)).toContain("pooler");
});
