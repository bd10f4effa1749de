import fc from "fast-check";
import { nodeAddress } from "../../components/config/cluster";
import { parseConfig } from "../../components/config/load";
import type { StackConfig } from "../../components/config/schema";
import { cluster, hosts } from "../../components/systems/hosts";
import { myceliumNodes } from "../../components/systems/mycelium";
import { run } from "../components/fixtures";
import { fleetHosts } from "../support/configArbitraries";
import type { Deployment, RecordedResource } from "../support/mocks";

/** Any fleet with every measure of the hardening on, an odd number of managers and a Mycelium node on each host. */
const fleet = fleetHosts
  .map((all) =>
    parseConfig({
      hosts: Object.fromEntries(
        Object.entries(all).map(([name, host]) => [
          name,
          { ...(host as object), hardening: {}, identity: { agent: true } },
        ]),
      ),
      edge: { domain: "chat.example.org", ports: { http: 8080, https: 8443 } },
      mycelium: { source: { kind: "sample" }, peers: [] },
    }),
  )
  .filter(
    ({ hosts: all }) => Object.values(all).filter((host) => host.roles.includes("manager")).length % 2 === 1,
  );

const graph = (config: StackConfig): Promise<Deployment<unknown>> =>
  run(() => {
    const machines = hosts(config);
    cluster(config, machines);
    myceliumNodes(config, machines);
  });

const stdin = (deployment: Deployment<unknown>, name: string): string =>
  String(deployment.byName(name).inputs["stdin"]);

function otherAddresses(config: StackConfig, name: string): string[] {
  return Object.entries(config.hosts)
    .flatMap(([other, host]) => (other === name ? [] : (nodeAddress(host) ?? [])))
    .sort();
}

/** SSH, the site where it is served, Mycelium; the swarm's ports to all the other hosts and nobody else. */
function expectFirewall(config: StackConfig, name: string, deployment: Deployment<unknown>): void {
  const host = config.hosts[name];
  const rules = /chain input \{(.*?)\n {2}\}/s.exec(stdin(deployment, `${name}-hardening-apply`))?.[1] ?? "";
  const open = [...rules.matchAll(/^ *tcp dport (?:\{ ([\d, ]+) \}|(\d+)) accept/gm)]
    .flatMap(([, list, single]) => (list ?? single ?? "").split(", ").map(Number))
    .sort((a, b) => a - b);
  const site = host?.roles.includes("edge") ? [8080, 8443] : [];
  const ssh = host?.kind === "vps" ? host.port : 0;
  expect(open).toEqual([...new Set([ssh, ...site, 9651])].sort((a, b) => a - b));
  const friends = [...rules.matchAll(/ip saddr \{ ([^}]+) \}/g)].map(([, list = ""]) =>
    list.split(", ").sort(),
  );
  expect(friends.length).toBeGreaterThan(0);
  for (const list of friends) expect(list).toEqual(otherAddresses(config, name));
}

/** The host that a resource belongs to: by the component it is in, or by the node's name. */
function hostOf(
  resource: RecordedResource | undefined,
  byUrn: Map<string, RecordedResource>,
): string | undefined {
  if (resource === undefined) return undefined;
  if (resource.type === "hypha:host:Vps") return resource.name;
  if (resource.type === "hypha:mycelium:MyceliumNode") return resource.name.replace(/-mycelium$/, "");
  if (resource.name.startsWith("cluster-node-")) return resource.name.slice("cluster-node-".length);
  return hostOf(byUrn.get(resource.parent), byUrn);
}

/** Nobody waits for another host, but nodes for the first manager's. */
function expectIndependent(config: StackConfig, { resources }: Deployment<unknown>): void {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const seen = new Set<string>();
  for (const resource of resources) {
    const own = hostOf(resource, byUrn);
    if (own === undefined) continue;
    seen.add(own);
    const allowed = resource.name.startsWith("cluster-node-") ? [own, config.cluster.first] : [own];
    const others = resource.dependencies.map((urn) => hostOf(byUrn.get(urn), byUrn) ?? own);
    expect([resource.name, others.filter((other) => !allowed.includes(other))]).toEqual([resource.name, []]);
  }
  expect([...seen].sort()).toEqual(Object.keys(config.hosts).sort());
}

const flat = ({ resources }: Deployment<unknown>) =>
  resources
    .map(({ urn, inputs, parent, dependencies }) => ({
      urn,
      inputs,
      parent,
      waits: [...dependencies].sort(),
    }))
    .sort((a, b) => (a.urn < b.urn ? -1 : 1));

test("whatever the fleet: ports closed, peers complete both ways, nobody waits for a stranger, order means nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fleet, async (config) => {
      const deployment = await graph(config);
      for (const name of Object.keys(config.hosts)) {
        expectFirewall(config, name, deployment);
        const peers = stdin(deployment, `${name}-mycelium-service`).matchAll(/tcp:\/\/([\d.]+):9651/g);
        expect([...peers].map(([, address]) => address).sort()).toEqual(otherAddresses(config, name));
      }
      expectIndependent(config, deployment);
      const reversed = Object.fromEntries(Object.entries(config.hosts).reverse());
      expect(flat(await graph({ ...config, hosts: reversed }))).toEqual(flat(deployment));
    }),
    { numRuns: 100 },
  );
}, 400_000);
