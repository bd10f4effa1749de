import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Chat } from "../../components/systems/chat";
import { cluster, hosts } from "../../components/systems/hosts";
import type { StackConfig } from "../../components/config/schema";
import { devConfig, projectFile, run, vpsConfig } from "../components/fixtures";
import { expectGolden, goldenFiles } from "../support/golden";

/** Each file that a deployment hands out, and the variables before each script, by the path of its golden file. */
async function rendered(stack: string, config: StackConfig): Promise<Record<string, string>> {
  const deployment = await run(() => new Chat("chat", cluster(config, hosts(config)), config), { stack });
  const library = projectFile("components", "shell", "lib.sh");
  const configs = deployment.byType("docker:index/serviceConfig:ServiceConfig").map(({ name, inputs }) => ({
    file: name.replace(/-(conf|yaml|sql|crt)$/, ".$1"),
    text: Buffer.from(String(inputs["data"]), "base64").toString(),
  }));
  const scripts = deployment.resources
    .filter(({ type }) => type.startsWith("command:"))
    .map(({ name, inputs }) => {
      const [preamble = ""] = String(inputs["stdin"]).split(library);
      // The tag of an image changes with its files, which are not the matter here.
      return { file: `${name}.env`, text: preamble.replace(/:[0-9a-f]{12}'/, ":<content>'") };
    });
  // The mocks' certificate is no text that anything renders.
  const wanted = [...configs, ...scripts].filter(({ file }) => file !== "edge-tls.crt");
  return Object.fromEntries(wanted.map(({ file, text }) => [file, text]));
}

test.each<[string, () => StackConfig]>([
  ["dev", devConfig],
  ["prod", vpsConfig],
])("what the %s stack hands out is what is committed", async (stack, config) => {
  expectGolden(stack, await rendered(stack, config()));
});

test("no golden file holds anything secret", () => {
  for (const stack of ["dev", "prod"]) {
    for (const file of readdirSync(join(goldenFiles, stack))) {
      expect(readFileSync(join(goldenFiles, stack, file), "utf8")).not.toMatch(/password-of|bcrypt-of|PRIVATE KEY|ed25519 a_/);
    }
  }
});
