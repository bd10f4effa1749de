import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";

import { pulumiHome } from "./support/stand";

jest.setTimeout(120_000);

const repository = path.join(__dirname, "../..");
const launcher = path.join(repository, "node_modules/.bin/pulumi");

const source = `
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

const password = new random.RandomPassword("password", { length: 24 });
new random.RandomId("suffix", { byteLength: 3, keepers: { content: "a" } });
new command.local.Command("command", { create: "echo done" });
new tls.PrivateKey("key", { algorithm: "ED25519" });
// The provider connects to an engine when a resource is created, not in a preview.
const engine = new docker.Provider("engine", { host: "unix:///nowhere.sock" });
if (process.env.WITH_DOCKER) new docker.Network("network", { name: "network" }, { provider: engine });
export const secret = password.result;
`;

describe("the npm launcher", () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "toolchain-launcher-"));
  afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

  /** Runs it with nothing but node and a shell on the PATH. */
  const pulumi = async (args: string[], more: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)(launcher, [...args, "--non-interactive"], {
      cwd: directory,
      env: {
        PATH: `${path.dirname(process.execPath)}:/bin`,
        HOME: directory,
        PULUMI_HOME: pulumiHome,
        PULUMI_BACKEND_URL: `file://${directory}`,
        PULUMI_CONFIG_PASSPHRASE: "toolchain",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        ...more,
      },
    });
    return stdout + stderr;
  };

  test("runs a TypeScript program over all four providers and downloads nothing", async () => {
    fs.writeFileSync(path.join(directory, "Pulumi.yaml"), "name: launcher\nruntime: nodejs\n");
    fs.writeFileSync(path.join(directory, "package.json"), '{ "main": "index.ts" }');
    fs.writeFileSync(path.join(directory, "tsconfig.json"), '{ "compilerOptions": { "strict": true } }');
    fs.writeFileSync(path.join(directory, "index.ts"), source);
    fs.symlinkSync(path.join(repository, "node_modules"), path.join(directory, "node_modules"));
    await pulumi(["stack", "init", "t"]);
    const said = [
      await pulumi(["preview"], { WITH_DOCKER: "1" }),
      await pulumi(["up", "--yes", "--skip-preview"]),
      await pulumi(["preview", "--expect-no-changes"]),
      await pulumi(["destroy", "--yes", "--skip-preview"]),
    ];
    expect(said.join("\n")).not.toContain("download");
    expect(said[0]).toContain("docker:index:Network");
    expect(said[1]).toContain("secret: [secret]");
  });
});
