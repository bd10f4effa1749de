import { parseConfig } from "../../../components/config/load";
import { hosts } from "../../../components/systems/hosts";
import { myceliumNodes, peersOf } from "../../../components/systems/mycelium";
import { local, vps } from "../../support/config";
import { run } from "../fixtures";

const nodes = (raw: Record<string, unknown>) =>
  run(() => myceliumNodes(parseConfig(raw), hosts(parseConfig(raw))));

test("each server has a node, the sample unless said otherwise, with its section's peers", async () => {
  const { result, byName, byType } = await nodes(vps({}, { mycelium: { peers: ["tcp://192.0.2.9:9651"] } }));
  expect([...result.keys()]).toEqual(["web1"]);
  expect(byType("hypha:mycelium:MyceliumNode").map(({ name }) => name)).toEqual(["web1-mycelium"]);
  expect(byName("web1-mycelium-program").inputs["stdin"]).toContain(
    "export PROGRAM_FILE='lab/apps/mycelium/mycelium'\n",
  );
  expect(byName("web1-mycelium-service").inputs["stdin"]).toContain('peers = ["tcp://192.0.2.9:9651"]');
});

test("without the section, and on this machine's own engine, there is none", async () => {
  for (const raw of [vps(), local()]) {
    const { result, byType } = await nodes(raw);
    expect(result.size).toBe(0);
    expect(byType("hypha:mycelium:MyceliumNode")).toEqual([]);
  }
});

test("the stack's other servers are peers where their address is known, each once, in one order", () => {
  const host = (address: string) => {
    const parsed = parseConfig(vps({ address })).hosts["web1"];
    if (parsed === undefined) throw new Error("no host");
    return parsed;
  };
  const fleet = {
    a: host("192.0.2.1"),
    b: host("2001:db8::2"),
    c: host("named.example.org"),
    d: { kind: "local" as const, socket: "/x", roles: [] },
  };
  const configured = ["tcp://192.0.2.1:9651", "quic://192.0.2.9:9651"];
  expect(peersOf("c", fleet, configured)).toEqual([
    "quic://192.0.2.9:9651",
    "tcp://192.0.2.1:9651",
    "tcp://[2001:db8::2]:9651",
  ]);
  expect(peersOf("a", fleet, [])).toEqual(["tcp://[2001:db8::2]:9651"]);
});
