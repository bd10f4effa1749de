import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Chat } from "../../components/systems/chat";
import { cluster, hosts } from "../../components/systems/hosts";
import type { StackConfig } from "../../components/config/schema";
import { devConfig, projectFile, run, vpsConfig } from "../components/fixtures";

/** `npm run golden` writes the files anew: look at what changed with git diff before you commit them. */
const update = process.env["UPDATE_GOLDEN"] === "1";
const directory = join(__dirname, "files");

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
  return Object.fromEntries(wanted.map(({ file, text }) => [join(stack, file), text]));
}

test.each<[string, () => StackConfig]>([
  ["dev", devConfig],
  ["prod", vpsConfig],
])("what the %s stack hands out is what is committed", async (stack, config) => {
  const texts = await rendered(stack, config());
  if (update) {
    mkdirSync(join(directory, stack), { recursive: true });
    Object.entries(texts).forEach(([file, text]) => {
      writeFileSync(join(directory, file), text);
    });
  }
  const committed = readdirSync(join(directory, stack)).map((file) => join(stack, file));
  // A file that nothing renders any more is to be removed.
  expect(committed.sort()).toEqual(Object.keys(texts).sort());
  for (const file of committed) {
    expect(`${file}\n${texts[file] ?? ""}`).toBe(`${file}\n${readFileSync(join(directory, file), "utf8")}`);
  }
});

test("no golden file holds anything secret", () => {
  for (const stack of ["dev", "prod"]) {
    for (const file of readdirSync(join(directory, stack))) {
      expect(readFileSync(join(directory, stack, file), "utf8")).not.toMatch(/password-of|bcrypt-of|PRIVATE KEY|ed25519 a_/);
    }
  }
});
