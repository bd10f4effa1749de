import { Chat } from "../../components/systems/chat";
import { cluster, hosts } from "../../components/systems/hosts";
import { projectFile, run, vpsConfig } from "../components/fixtures";
import { expectGolden } from "../support/golden";

/** The edge's configuration and what the scripts of sets and rollouts are given, where versions are sets. */
async function rendered(): Promise<Record<string, string>> {
  const config = vpsConfig((raw) => ({
    ...raw,
    chat: {
      bridge: { strategy: { kind: "blue-green" } },
      gateway: { strategy: { kind: "canary", percent: 5, seconds: 300, maxErrorPercent: 0.5 } },
    },
  }));
  const { resources, byName } = await run(
    () => new Chat("chat", cluster(config, hosts(config)), config),
    { stack: "prod" },
  );
  const library = projectFile("components", "shell", "lib.sh");
  const scripts = resources
    .filter(({ type, name }) => type.startsWith("command:") && /-sets$|-on-/.test(name))
    .map(({ name, inputs }) => [`${name}.env`, String(inputs["stdin"]).split(library)[0] ?? ""]);
  const nginx = Buffer.from(String(byName("edge-nginx-conf").inputs["data"]), "base64").toString();
  return { ...(Object.fromEntries(scripts) as Record<string, string>), "nginx.conf": nginx };
}

test("what rollouts are given is what is committed", async () => {
  expectGolden("rollout", await rendered());
});
