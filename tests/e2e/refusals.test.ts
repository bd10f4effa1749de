import * as fs from "fs";
import * as path from "path";
import { LabVps } from "./support/lab";
import { must, Run, Stack, StackSettings } from "./support/stack";

/** What an operator gets wrong, and what is said of it. Nothing is deployed by any of these. */
const vps = new LabVps(2);
const stack = new Stack("refused");

async function up(host: object, edge: object = {}): Promise<Run> {
  const settings: StackSettings = {
    hosts: {
      vps2: {
        kind: "vps",
        address: vps.address,
        hostKey: await vps.hostKey(),
        identity: { keyFile: await LabVps.keyFile() },
        ...host,
      },
    },
    edge: { domain: "chat.test", ...edge },
    chat: {},
    images: {},
  };
  stack.configure(settings);
  return stack.up();
}

/** A key pair that no server knows; the paths of both halves. */
async function strangerKey(): Promise<{ file: string; publicKey: string }> {
  const file = path.join(stack.directory, "stranger");
  if (!fs.existsSync(file)) {
    await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  }
  return { file, publicKey: fs.readFileSync(`${file}.pub`, "utf8").trim() };
}

beforeAll(async () => {
  await vps.boot();
  await stack.init();
});

afterAll(async () => {
  // Keys and passwords of a failed start are all that there is.
  await stack.destroy();
  await vps.down();
  stack.remove();
});

test("a host that does not answer", async () => {
  const run = await up({ address: "10.77.0.250" });
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(
    /vps2 \(root@10\.77\.0\.250:22\): the server cannot be reached; what to do: check/,
  );
});

test("a key the host does not know", async () => {
  const run = await up({ identity: { keyFile: (await strangerKey()).file } });
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(
    /vps2 \(root@.*\): the server refused the login; what to do: put the public key/,
  );
});

test("another host key than the pinned one", async () => {
  const run = await up({ hostKey: (await strangerKey()).publicKey });
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(
    /vps2 \(root@.*\): the server shows another host key than hypha:hosts\.vps2\.hostKey/,
  );
});

test("too little disk", async () => {
  const run = await up({ minimum: { diskGiB: 100_000 }, recommended: { diskGiB: 100_000 } });
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(/vps2: has \d+ MiB free for \/var\/lib\/docker, at least 102400000 are needed/);
  expect(run.output).toContain("lower hypha:hosts.vps2.minimum.diskGiB");
});

test("a port that something else holds", async () => {
  await vps.exec("systemd-run --unit=squatter --quiet python3 -m http.server 443");
  await vps.exec("until ss -Hltn 'sport = :443' | grep -q .; do sleep 0.1; done");
  const run = await up({});
  await vps.exec("systemctl stop squatter");
  expect(run.code).not.toBe(0);
  expect(run.output).toMatch(/vps2: port 443 is in use by python3/);
  expect(run.output).toContain("vps2: what to do: stop it, or set another port under hypha:edge.ports");
});

test("a system that is not supported", async () => {
  await vps.exec("sed -i.supported 's/^VERSION_ID=.*/VERSION_ID=\"11\"/' /etc/os-release");
  const run = await up({});
  await vps.exec("cp /etc/os-release.supported /etc/os-release");
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("vps2: runs debian 11, which is not supported");
  expect(run.output).toContain("vps2: what to do: use Debian 12 or 13, or Ubuntu 22.04 or 24.04");
});

test("a configuration with several mistakes: all are told, nothing is made", async () => {
  const before = await stack.state();
  const run = await up({ adress: "10.77.0.12", port: 70_000 }, { domain: "not a name" });
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("the configuration of this stack has 3 problems");
  for (const key of ["hypha:hosts.vps2.adress", "hypha:hosts.vps2.port", "hypha:edge.domain"]) {
    expect(run.output).toMatch(new RegExp(`${key.replaceAll(".", "\\.")}: .*; fix: `));
  }
  expect(run.output).not.toMatch(/at .*\.ts:\d+/);
  const resources = (state: string) =>
    (JSON.parse(state) as { deployment: { resources?: object[] } }).deployment.resources?.length;
  expect(resources(await stack.state())).toBe(resources(before));
});
