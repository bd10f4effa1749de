import { parseConfig } from "../../../components/config/load";
import { cluster, hosts } from "../../../components/systems/hosts";
import { Chat } from "../../../components/systems/chat";
import { apiOnEach, myceliumNodes, peersOf } from "../../../components/systems/mycelium";
import { local, vps } from "../../support/config";
import { hostKey } from "../../support/config";
import { run, waitsFor } from "../fixtures";

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

const server = (address: string, roles: string[]) => ({ kind: "vps", address, hostKey, roles });
const fleet = (mycelium?: object) =>
  local({
    hosts: {
      db: server("192.0.2.1", ["manager", "data"]),
      app1: server("192.0.2.2", ["app", "edge"]),
      app2: server("192.0.2.3", ["app"]),
    },
    ...(mycelium === undefined ? {} : { mycelium }),
  });
const chat = (raw: Record<string, unknown>) =>
  run(() => {
    const config = parseConfig(raw);
    const machines = hosts(config);
    const made = myceliumNodes(config, machines);
    return new Chat("chat", cluster(config, machines), config, made);
  });
const mounts = (inputs: Readonly<Record<string, unknown>>) =>
  (inputs["taskSpec"] as { containerSpec: { mounts: { type: string; source?: string }[] } }).containerSpec
    .mounts;

test("of all services the bridge alone has the node's directory, once it is on every host that may run it", async () => {
  const { byType, byName } = await chat(fleet({}));
  const mounted = byType("docker:index/service:Service").filter(({ inputs }) =>
    mounts(inputs).some(({ type }) => type === "bind"),
  );
  expect(mounted.map(({ name }) => name)).toEqual(["bridge-service"]);
  expect(waitsFor(byName("bridge-service")).filter((name) => name.includes("mycelium"))).toEqual([
    "app1-mycelium-api",
    "app2-mycelium-api",
  ]);
});

test("without nodes no container has anything of its host", async () => {
  for (const raw of [fleet(), local()]) {
    const { byType } = await chat(raw);
    for (const { name, inputs } of byType("docker:index/service:Service")) {
      expect([name, mounts(inputs).filter(({ type }) => type === "bind")]).toEqual([name, []]);
    }
  }
});

test("where one host has no node, there is no way for any", async () => {
  await run(() => {
    const config = parseConfig(fleet({}));
    const machines = hosts(config);
    const made = myceliumNodes(config, machines);
    const all = [...machines.values()];
    expect(apiOnEach(all, made)).toMatchObject({ directory: "/run/hypha/mycelium", socket: "api.sock" });
    expect(apiOnEach(all, made)?.after).toHaveLength(3);
    made.delete("app2");
    expect(apiOnEach(all, made)).toBeUndefined();
    expect(apiOnEach([], made)).toBeUndefined();
  });
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
