import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../../../components/config/schema";
import { cluster, hosts } from "../../../components/systems/hosts";
import { run, vpsConfig } from "../fixtures";

type Addresses = readonly (readonly [address: string, privateAddress?: string])[];

/** Hosts at these addresses: their network's options, what one's preflight looks at, and warnings. */
async function fleet(addresses: Addresses, encrypted?: boolean) {
  const config = vpsConfig();
  const [server] = Object.values(config.hosts);
  const servers = addresses.map(([address, privateAddress], index) => {
    const roles = index === 0 ? ["manager", "data", "edge"] : ["app"];
    return [`web${index + 1}`, { ...server, address, privateAddress, roles }] as const;
  });
  const settings = { first: "web1", abandonDataOn: [], encrypted };
  const all = { ...config, hosts: Object.fromEntries(servers), cluster: settings } as StackConfig;
  const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
  const { byName } = await run(() => cluster(all, hosts(all)));
  const warnings = warn.mock.calls.map(([text]) => text).filter((text) => text.includes("encrypted"));
  warn.mockRestore();
  const script = JSON.stringify(byName("web1-preflight").inputs);
  return {
    options: byName("cluster-network").inputs["options"],
    asked: script.includes("export ENCRYPTED='yes'"),
    warnings,
  };
}

const quiet: [string, Addresses, boolean | undefined][] = [
  ["alone", [["192.0.2.10"]], undefined],
  ["at private addresses", [["192.168.0.10"], ["10.1.2.3"]], undefined],
  ["with private addresses, too", [["192.0.2.10", "10.0.0.1"], ["192.0.2.11", "10.0.0.2"]], undefined],
  ["at public addresses where somebody decided so", [["192.0.2.10"], ["192.0.2.11"]], false],
]; // prettier-ignore

test.each(quiet)("hosts %s have a plain network, and no warning", async (_, addresses, encrypted) => {
  expect(await fleet(addresses, encrypted)).toEqual({ options: undefined, asked: false, warnings: [] });
});

test("where hosts reach each other by public addresses and nobody decided, a warning names them", async () => {
  const { options, warnings } = await fleet([["192.0.2.10"], ["10.0.0.2"], ["2001:db8::2"]]);
  expect(options).toBeUndefined();
  expect(warnings).toEqual([
    expect.stringMatching(/^hypha:cluster\.encrypted: is not set, .*\(192\.0\.2\.10, 2001:db8::2\)/),
  ]);
});

test("an encrypted network asks each host whether its kernel can; one host alone has nobody to hide from", async () => {
  const encrypted = { options: { encrypted: "" }, asked: true, warnings: [] };
  expect(await fleet([["10.0.0.1"], ["10.0.0.2"]], true)).toEqual(encrypted);
  expect(await fleet([["10.0.0.1"]], true)).toMatchObject({ asked: false });
});
