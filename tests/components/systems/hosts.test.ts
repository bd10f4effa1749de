import type { StackConfig } from "../../../components/config/schema";
import { cluster, hosts } from "../../../components/systems/hosts";
import { run, vpsConfig } from "../fixtures";

type Addresses = readonly (readonly [address: string, privateAddress?: string])[];

/** Hosts at these addresses: their network's options, and whether one's preflight asks for what they need. */
async function fleet(addresses: Addresses, encrypted?: boolean) {
  const config = vpsConfig();
  const [server] = Object.values(config.hosts);
  const servers = addresses.map(([address, privateAddress], index) => {
    const roles = index === 0 ? ["manager", "data", "edge"] : ["app"];
    return [`web${index + 1}`, { ...server, address, privateAddress, roles }] as const;
  });
  const settings = { first: "web1", abandonDataOn: [], encrypted };
  const all = { ...config, hosts: Object.fromEntries(servers), cluster: settings } as StackConfig;
  const { byName } = await run(() => cluster(all, hosts(all)));
  const script = JSON.stringify(byName("web1-preflight").inputs);
  return {
    options: byName("cluster-network").inputs["options"],
    asked: script.includes("export ENCRYPTED='yes'"),
  };
}

const plain: [string, Addresses, boolean | undefined][] = [
  ["alone", [["192.0.2.10"]], undefined],
  ["at private addresses", [["192.168.0.10"], ["10.1.2.3"]], undefined],
  ["with private addresses, too", [["192.0.2.10", "10.0.0.1"], ["192.0.2.11", "10.0.0.2"]], undefined],
  ["at public addresses where somebody decided so", [["192.0.2.10"], ["192.0.2.11"]], false],
]; // prettier-ignore

test.each(plain)("hosts %s have a plain network", async (_, addresses, encrypted) => {
  expect(await fleet(addresses, encrypted)).toEqual({ options: undefined, asked: false });
});

const secret: [string, Addresses, boolean | undefined][] = [
  ["at public addresses", [["192.0.2.10"], ["192.0.2.11"]], undefined],
  ["of which one has a public address", [["10.0.0.1"], ["192.0.2.10"]], undefined],
  ["at public addresses of IPv6", [["2001:db8::1"], ["2001:db8::2"]], undefined],
  ["at private addresses where somebody decided so", [["10.0.0.1"], ["10.0.0.2"]], true],
]; // prettier-ignore

test.each(secret)(
  "hosts %s have an encrypted one, and are asked whether they can",
  async (_, addresses, encrypted) => {
    expect(await fleet(addresses, encrypted)).toEqual({ options: { encrypted: "" }, asked: true });
  },
);

test("one host alone has nobody to hide from, and is not asked", async () => {
  expect(await fleet([["10.0.0.1"]], true)).toEqual({ options: { encrypted: "" }, asked: false });
});
