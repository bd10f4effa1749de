import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { parse, stringify } from "yaml";
import { expectSuccess, must, projectRoot, start } from "./support/stack";

/** `make up` on this machine's own engine, as a newcomer runs it, but for the ports and a state of its own. */
const stackName = "e2elocal";
const stackFile = path.join(projectRoot, `Pulumi.${stackName}.yaml`);
const data = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-local-"));
const env = {
  XDG_DATA_HOME: data,
  STACK: stackName,
  YES: "1",
  PULUMI_BACKEND_URL: `file://${data}/state?metadata=skip`,
  PULUMI_CONFIG_PASSPHRASE: undefined,
};

const make = (...targets: string[]) => start("make", targets, { env }).ended;

/** What `make audit` tells: for the local engine it is a file of this machine. */
async function audited(): Promise<unknown> {
  const { output } = await must("make", ["--silent", "audit", "JSON=1"], { env });
  return JSON.parse(output);
}

/** The stack file: as the development stack's, but for the ports, the data and the gateway's own settings. */
function configure(gateway: object): void {
  const dev = parse(fs.readFileSync(path.join(projectRoot, "Pulumi.dev.yaml"), "utf8")) as {
    encryptionsalt?: string;
    config: Record<string, unknown>;
  };
  delete dev.encryptionsalt;
  const salt = fs.existsSync(stackFile)
    ? (parse(fs.readFileSync(stackFile, "utf8")) as typeof dev).encryptionsalt
    : undefined;
  dev.config["hypha:edge"] = { domain: "chat.localhost", ports: { http: 18080, https: 18443 } };
  dev.config["hypha:chat"] = { gateway, postgres: { keepData: false } };
  fs.writeFileSync(stackFile, stringify({ ...(salt === undefined ? {} : { encryptionsalt: salt }), ...dev }));
}
const strategy = { kind: "blue-green", confirmSeconds: 5 };

/** What an earlier run that was cut off has left on this engine, which may outlive the machine's processes. */
async function clean(): Promise<void> {
  for (const kind of ["service", "secret", "config", "network", "volume"]) {
    const filter = `label=hypha.stack=${stackName}`;
    const { code, output } = await start("docker", [kind, "ls", "--quiet", "--filter", filter]).ended;
    const ids = code === 0 ? output.split("\n").filter((id) => id !== "") : [];
    if (ids.length > 0) {
      await must("docker", [kind, "rm", ...ids]);
    }
  }
}

beforeAll(async () => {
  await clean();
  fs.mkdirSync(path.join(data, "state"));
  configure({ strategy });
});

afterAll(async () => {
  await make("down");
  fs.rmSync(stackFile, { force: true });
  fs.rmSync(data, { recursive: true, force: true });
});

test("one command brings the chat up and says where it is", async () => {
  const run = await make("up");
  fs.mkdirSync(path.join(projectRoot, "build", "e2e"), { recursive: true });
  fs.writeFileSync(path.join(projectRoot, "build", "e2e", "make-up.txt"), run.output);
  expect(run.output).toContain("https://chat.localhost:18443");
  expectSuccess(run);
  for (const phase of ["1/6", "2/6", "3/6", "4/6", "5/6", "6/6"]) {
    expect(run.output).toMatch(new RegExp(`\\[${phase}\\] .*: [0-9.]+ s`));
  }
  expect(fs.statSync(path.join(data, "hypha", "passphrase")).mode & 0o777).toBe(0o600);
  expect(await audited()).toMatchObject([{ stack: stackName, result: "succeeded", hosts: ["local"] }]);
});

test("a second one changes nothing", async () => {
  const run = await make("up");
  expectSuccess(run);
  expect(run.output).toMatch(/Resources:\s+(?:\S+ )?\d+ unchanged/);
  expect(await audited()).toHaveLength(1);
});

test("status, smoke and logs speak of the running stack", async () => {
  const status = await make("status");
  expect(status.output).toMatch(/hypha-e2elocal-edge +1\/1/);
  expectSuccess(status);
  expectSuccess(await make("smoke"));
  const logs = await make("logs", "SERVICE=homeserver", "FOLLOW=0", "LINES=5000");
  expect(logs.output).toContain("admin account admin is there");
});

test("a blue-green release moves the gateway's requests on this engine, too", async () => {
  configure({ strategy, env: { GREETING: "again" } });
  const run = await make("up");
  expectSuccess(run);
  // It was watched for its five seconds.
  const [, seconds] = /edge-gateway-on-local updated \((\d+) s\)/.exec(run.output) ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(5);
  const status = await make("status");
  expect(status.output.match(/hypha-e2elocal-gateway-service-\w+ +1\/1/g)).toHaveLength(1);
  expectSuccess(await make("smoke"));
});

test("down leaves nothing on the engine", async () => {
  expectSuccess(await make("down"));
  const left = await Promise.all(
    ["service", "network", "volume"].map((kind) =>
      must("docker", [kind, "ls", "-q", "--filter", `label=hypha.stack=${stackName}`]).catch(() => ({
        output: "",
      })),
    ),
  );
  expect(left.map(({ output }) => output.trim())).toEqual(["", "", ""]);
  expect(fs.existsSync(path.join(data, "hypha", "edge"))).toBe(false);
});
