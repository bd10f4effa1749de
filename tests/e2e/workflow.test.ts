import * as fs from "fs";
import * as path from "path";
import { stringify } from "yaml";
import { Site, siteRequest } from "../../ops/lib/site";
import { LabVps } from "./support/lab";
import { Poller } from "./support/poller";
import { JobRunner, JobRun, RunnerContext } from "./support/runner";
import { must, projectRoot, siteOf, Stack, untilOutput } from "./support/stack";

/**
 * A repository of one's own: each push to it is deployed by the steps that `deploy.yml` really has, in a fresh clone, with
 * secrets from the environment, as a runner does it. The tests are one story in order.
 */
const vps = new LabVps(60);
const stack = new Stack("wf");
const directory = fs.mkdtempSync(path.join(stack.directory, "repository-"));
const origin = path.join(directory, "origin");
const job = path.join(directory, "job");
const ghCalls = path.join(directory, "gh-calls");
const kept = path.join(projectRoot, "build", "e2e");
let secrets: Record<string, string>;
let site: Site;

const git = async (...args: string[]): Promise<string> => (await must("git", ["-C", origin, ...args])).output;

/** A commit on main: the stack's configuration with these variables for the bridge. */
async function push(message: string, bridge: object): Promise<void> {
  const config = {
    hosts: {
      vps60: {
        kind: "vps",
        address: vps.address,
        hostKey: await vps.hostKey(),
        identity: { agent: true },
        minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
        recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
      },
    },
    edge: { domain: "wf.test" },
    chat: { bridge },
  };
  const salt = /^encryptionsalt: .*\n/m.exec(fs.readFileSync(stack.configFile, "utf8"))?.[0] ?? "";
  const named = Object.entries(config).map(([key, value]) => [`hypha:${key}`, value]);
  fs.writeFileSync(
    path.join(origin, "Pulumi.wf.yaml"),
    salt + stringify({ config: Object.fromEntries(named) as object }),
  );
  await git("add", "--all");
  await git("commit", "--quiet", "--message", message);
}

function runner(file: string, name: string, more: Partial<RunnerContext> = {}): JobRunner {
  return new JobRunner(file, name, job, {
    vars: { HYPHA_STACK: "wf", PULUMI_BACKEND_URL: stack.env["PULUMI_BACKEND_URL"] ?? "" },
    secrets,
    env: {
      PATH: `${directory}/bin:${process.env["PATH"] ?? ""}`,
      XDG_DATA_HOME: path.join(directory, "data"),
    },
    ...more,
  });
}

/** A push's deployment, its log and summary kept for who looks for a failure. */
async function deploy(name: string): Promise<JobRun> {
  const run = await runner("deploy.yml", "deploy").run(origin);
  fs.mkdirSync(kept, { recursive: true });
  fs.writeFileSync(path.join(kept, `workflow-${name}.txt`), run.log);
  fs.writeFileSync(path.join(kept, `workflow-${name}.md`), run.summary);
  expect(run.log).not.toMatch(/PRIVATE KEY|only for this test/);
  return run;
}

const bridgeStatus = async (): Promise<string | undefined> => {
  const { status, body } = await siteRequest(site, "/api/v1/bridge/status", { timeoutSeconds: 5 });
  return status === 200 && body.includes("connected_servers") ? undefined : `${status} ${body.slice(0, 100)}`;
};

const bridgeEnv = (): Promise<string> =>
  vps.exec("docker service inspect hypha-wf-bridge --format '{{json .Spec.TaskTemplate.ContainerSpec.Env}}'");

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
  await stack.init();
  secrets = {
    PULUMI_CONFIG_PASSPHRASE: stack.env["PULUMI_CONFIG_PASSPHRASE"] ?? "",
    SSH_PRIVATE_KEY: fs.readFileSync(await LabVps.keyFile(), "utf8"),
  };
  await must("git", ["init", "--quiet", "--initial-branch=main", origin]);
  await git("config", "user.name", "A Developer");
  await git("config", "user.email", "dev@example.org");
  // This project as it stands here, committed or not.
  const files = await must("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  await must(
    "tar",
    ["--create", "--file", `${directory}/tree.tar`, "--null", "--files-from=-", "--ignore-failed-read"],
    {
      input: files.output,
    },
  );
  await must("tar", ["--extract", "--file", `${directory}/tree.tar`, "--directory", origin]);
  fs.mkdirSync(path.join(directory, "bin"));
  const gh =
    '#!/bin/sh\nprintf "%s\\n" "gh $*" >>"$GH_CALLS"\ncase "$*" in *--method*) cat >>"$GH_CALLS" ;; esac\n';
  fs.writeFileSync(path.join(directory, "bin", "gh"), gh, { mode: 0o755 });
});

afterAll(async () => {
  await vps.down();
  stack.remove();
});

test("a push is deployed, validated, and the run's page says so", async () => {
  await push("The first version", { env: { GREETING: "one" } });
  const run = await deploy("first");
  expect(run.ok ? "" : run.log.slice(-6000)).toBe("");
  expect(run.summary).toMatch(/^### Stack `wf`: deployed\n/);
  expect(run.summary).toMatch(/\| succeeded \| \d+ s \| `[0-9a-f]{12}` \| `\d+ create`/);
  const outputs = await stack.outputs();
  site = siteOf(outputs);
  expect(await bridgeStatus()).toBeUndefined();
  expect(outputs["commit"]).toBe((await git("rev-parse", "HEAD")).trim());
});

test("a pull request shows what it would change, as one comment without a value", async () => {
  await push("A broken release", { env: { GREETING: "two", PATH: "/nowhere" } });
  const preview = await runner("check.yml", "preview").run(origin);
  expect(preview.ok ? "" : preview.log.slice(-4000)).toBe("");
  const { comment = "" } = preview.outputs;
  expect(comment).toContain("**1 to update**");
  expect(comment).toMatch(
    /~ update \| `bridge-service` \| `docker Service` \| .*`taskSpec\.containerSpec\.env\.PATH`/,
  );
  expect(comment).not.toContain("nowhere");
  const env = { PATH: `${directory}/bin:${process.env["PATH"] ?? ""}`, GH_CALLS: ghCalls };
  const github = { "github.event.pull_request.number": "12", "github.token": "a token" };
  const posted = await runner("check.yml", "comment", { env, github, needs: { preview: { comment } } }).run(
    origin,
  );
  expect(posted.ok ? "" : posted.log).toBe("");
  const calls = fs.readFileSync(ghCalls, "utf8");
  expect(calls).toContain("gh api --silent --method POST repos/hypha/hypha/issues/12/comments -F body=@-\n");
  expect(calls).toContain(comment.split("\n")[1]);
});

test("a push with a broken release is red, the old version serves throughout, and its page says why", async () => {
  const poller = new Poller(bridgeStatus);
  const run = await deploy("broken");
  const report = await poller.stop();
  expect(run.ok).toBe(false);
  expect(run.summary).toMatch(/^### Stack `wf`: failed, and version \d+ was put back\n/);
  expect(run.summary).toMatch(/\| failed \| \d+ s \|/);
  expect(run.summary).toContain("bridge-service");
  expect(report.requests).toBeGreaterThan(20);
  expect(report.failures).toEqual([]);
  expect(await bridgeEnv()).toContain("GREETING=one");
});

test("a job killed in the middle leaves nothing stuck: the next push is deployed", async () => {
  await push("Cut off", { env: { GREETING: "three" } });
  const cut = runner("deploy.yml", "deploy");
  const ended = cut.run(origin);
  await untilOutput(cut.output, /bridge-service updating/, 600);
  cut.kill();
  const { ok, summary } = await ended;
  expect(ok).toBe(false);
  expect(summary).toMatch(/^### The deployment was cut off\n/);
  await push("The next version", { env: { GREETING: "four" } });
  const run = await deploy("after-kill");
  expect(run.ok ? "" : run.log.slice(-6000)).toBe("");
  expect(run.summary).toMatch(/^### Stack `wf`: deployed\n/);
  expect(await bridgeEnv()).toContain("GREETING=four");
  expect(await bridgeStatus()).toBeUndefined();
  // An agent ends with its job, as soon as it looks for it: every ten seconds.
  await must("timeout", [
    "60",
    "sh",
    "-c",
    "while pgrep -f '^ssh-agent ops/ci/with-stack'; do sleep 0.2; done",
  ]);
});
