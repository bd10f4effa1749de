import { ChildProcess } from "child_process";
import * as path from "path";
import { LabVps } from "./support/lab";
import { countChanges, expectSuccess, must, Stack, start } from "./support/stack";

/**
 * The other way in: Debian 13, whose engine is four years younger, first contact as an account with sudo, and the
 * keys of an SSH agent.
 */
const vps = new LabVps(3);
const stack = new Stack("sudo");
const agentSocket = path.join(stack.directory, "agent");
let agent: ChildProcess | undefined;

beforeAll(async () => {
  await vps.boot({ OS: "trixie" });
  await vps.exec(
    "useradd --create-home --shell /bin/bash opsadmin && " +
      "install -d -m 0700 -o opsadmin -g opsadmin /home/opsadmin/.ssh && " +
      "install -m 0600 -o opsadmin -g opsadmin /root/.ssh/authorized_keys /home/opsadmin/.ssh/authorized_keys && " +
      "echo 'opsadmin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/opsadmin && rm -r /root/.ssh",
  );
  agent = start("ssh-agent", ["-D", "-a", agentSocket]).process;
  stack.env["SSH_AUTH_SOCK"] = agentSocket;
  const key = await LabVps.keyFile();
  await must("bash", ["-c", 'until ssh-add -q "$0" 2>/dev/null; do sleep 0.1; done', key], {
    env: stack.env,
  });
  await stack.init();
  stack.configure({
    hosts: {
      vps3: {
        kind: "vps",
        address: vps.address,
        hostKey: await vps.hostKey(),
        user: "opsadmin",
        minimum: { diskGiB: 2 },
        recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      },
    },
    edge: { domain: "chat.test", ports: { http: 8080, https: 8443 } },
    chat: { postgres: { keepData: false } },
    images: {},
  });
});

afterAll(async () => {
  agent?.kill();
  await vps.down();
  stack.remove();
});

test("the chat comes up and answers", async () => {
  const run = await stack.up();
  expectSuccess(run);
  expect(run.output).toMatch(/\d+ created/);
  const smoke = await must("tsx", ["ops/smoke.ts"], { env: { ...stack.env, STACK: stack.name } });
  expect(smoke.output.match(/^ok /gm)).toHaveLength(6);
});

test("a second up changes nothing", async () => {
  const run = await stack.up();
  expectSuccess(run);
  expect(countChanges(run.output)).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
});

test("measured anew by hand, the host is told of afresh, and nothing restarts", async () => {
  const row = async () => ((await stack.outputs())["fleet"] as string[]).at(1) ?? "";
  const measured = /^vps3 +local [\d.]+ .* debian 13 .* (\d{4}-\d\d-\d\dT[\d:]+Z) +ok$/;
  const before = measured.exec(await row())?.[1];
  const run = await stack.up("--replace", "**::vps3-preflight");
  expectSuccess(run);
  expect(countChanges(run.output)).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 1 });
  const after = measured.exec(await row())?.[1];
  expect(before).toBeDefined();
  expect(Date.parse(after ?? "")).toBeGreaterThan(Date.parse(before ?? ""));
});

test("destroy leaves nothing, not even data, where none was to be kept", async () => {
  const run = await stack.destroy();
  expect(run.output).toContain("deleted");
  expectSuccess(run);
  const left = await vps.exec(
    "docker volume ls -q; docker image ls -q 'hypha*/*'; docker network ls -q --filter driver=overlay",
  );
  expect(left.trim()).toBe("");
  expect(await vps.exec("docker info --format '{{.Swarm.LocalNodeState}}'")).toBe("inactive\n");
});
