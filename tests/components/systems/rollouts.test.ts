import type { StackConfig } from "../../../components/config/schema";
import { Chat } from "../../../components/systems/chat";
import { cluster, hosts } from "../../../components/systems/hosts";
import { run, vpsConfig, waitsFor } from "../fixtures";

const graph = (strategies: object, preview = false) => {
  const config: StackConfig = vpsConfig((raw) => ({
    ...raw,
    chat: Object.fromEntries(
      Object.entries(strategies).map(([part, kind]) => [part, { strategy: { kind } }]),
    ),
  }));
  return run(() => new Chat("chat", cluster(config, hosts(config)), config), { preview });
};
const mounts = (inputs: Readonly<Record<string, unknown>>) =>
  (inputs as { taskSpec: { containerSpec: { mounts: object[] } } }).taskSpec.containerSpec.mounts;

test("the edge reads the rollouts from the host, waits for them, and ends at once when it is to", async () => {
  const { byName, resources } = await graph({ frontend: "blue-green", gateway: "canary" });
  const edge = byName("edge-service");
  expect(mounts(edge.inputs)).toContainEqual({
    ...{ type: "bind", source: "/etc/hypha/edge/test", target: "/etc/hypha/rollouts", readOnly: true },
    bindOptions: { propagation: "rprivate" },
  });
  expect(edge.inputs).toMatchObject({ taskSpec: { containerSpec: { stopSignal: "SIGTERM" } } });
  expect(waitsFor(edge)).toEqual(expect.arrayContaining(["edge-frontend-on-web1", "edge-gateway-on-web1"]));
  expect(resources.filter(({ type }) => type === "hypha:edge:Rollout").map(({ name }) => name)).toEqual([
    "edge-frontend",
    "edge-gateway",
  ]);
});

test("the others go where they always went", async () => {
  const { byName } = await graph({ gateway: "blue-green" });
  const nginx = Buffer.from(String(byName("edge-nginx-conf").inputs["data"]), "base64").toString();
  expect([...nginx.matchAll(/set \$upstream (.*);/g)].map(([, to]) => to)).toEqual([
    ...["hypha-test-frontend:8080", "hypha-test-homeserver:8008", "$set_gateway", "hypha-test-bridge:8081"],
  ]);
  expect(byName("bridge-service").options).toMatchObject({ replaceOnChanges: [] });
});

test("a preview registers what the update does", async () => {
  const strategies = { bridge: "canary", gateway: "blue-green" };
  const urns = async (preview: boolean) => (await graph(strategies, preview)).resources.map(({ urn }) => urn);
  expect((await urns(true)).sort()).toEqual((await urns(false)).sort());
});
