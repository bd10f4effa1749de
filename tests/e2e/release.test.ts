import { X509Certificate } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { Site, siteRequest } from "../../ops/lib/site";
import { LabVps } from "./support/lab";
import { Poller } from "./support/poller";
import { ReleaseCheckout } from "./support/releases";
import { must, projectRoot, Run, untilOutput } from "./support/stack";

/**
 * Deployments, one after another, of one stack on one server: the lock, the checks, the way back by hand and by itself.
 * The tests are one story in order.
 */
const vps = new LabVps(50);
const checkout = new ReleaseCheckout("release");
/** Built files of the frontend, as another program leaves them: always in one place. */
const page = path.join(checkout.env["HYPHA_DATA"] ?? "", "page");
const writePage = (text: string) => {
  fs.mkdirSync(page, { recursive: true });
  fs.writeFileSync(
    path.join(page, "index.html"),
    `<html><title>${text}</title><div id="root"></div></html>\n`,
  );
};
let site: Site;

const off = { enabled: false };
const hardening = Object.fromEntries(
  [
    ...["firewall", "sshd", "fail2ban", "unattendedUpgrades", "journald", "timeSync"],
    ...["swap", "sysctl", "modules", "coreDumps", "shells"],
  ].map((part) => [part, off]),
);

async function configure(gatewayEnv: object, edge: object = {}): Promise<void> {
  checkout.configure({
    hosts: {
      vps50: {
        kind: "vps",
        address: vps.address,
        hostKey: await vps.hostKey(),
        identity: { keyFile: await LabVps.keyFile() },
        minimum: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
        recommended: { cpus: 1, memoryMiB: 1024, diskGiB: 2 },
        hardening,
      },
    },
    edge: { domain: "release.test", ...edge },
    chat: {
      gateway: { env: gatewayEnv },
      frontend: { source: fs.existsSync(page) ? { kind: "artifacts", path: page } : { kind: "sample" } },
    },
  });
}

function keep(name: string, { output }: Run): void {
  const directory = path.join(projectRoot, "build", "e2e");
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, `release-${name}.txt`), output);
}

async function succeed(name: string, tool: string, args: string[]): Promise<Run> {
  const run = await checkout.run(tool, args);
  keep(name, run);
  if (run.code !== 0)
    throw new Error(`${name} ended with ${run.code ?? run.signal}:\n${run.output.slice(-8000)}`);
  return run;
}

/**
 * What runs: each service's whole definition, the images' ids, and the text of every config that a service uses; of a
 * certificate its names, as another one for the same names is made anew.
 */
async function running(): Promise<string> {
  const told = await vps.exec(
    "for s in $(docker service ls --format '{{.Name}}' | sort); do " +
      "docker service inspect --format '{{.Spec.Name}} {{json .Spec.TaskTemplate.ContainerSpec.Image}} " +
      "{{json .Spec.TaskTemplate.ContainerSpec.Env}} {{json .Spec.Mode}} {{json .Spec.TaskTemplate.Resources}}' $s; " +
      "docker image inspect --format '{{.Id}}' $(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' $s); " +
      "for c in $(docker service inspect --format '{{range .Spec.TaskTemplate.ContainerSpec.Configs}}{{.ConfigID}} {{end}}' $s); " +
      "do docker config inspect --format '{{json .Spec.Data}}' $c; done; done",
  );
  return told.replace(/^"(.*)"$/gm, (line, base64: string) => {
    const content = Buffer.from(base64, "base64");
    return content.toString().startsWith("-----BEGIN CERTIFICATE")
      ? `certificate of ${new X509Certificate(content).subjectAltName ?? "nobody"}`
      : line;
  });
}

const rooms = async (): Promise<string | undefined> => {
  const response = await siteRequest(site, "/api/rooms/list", { timeoutSeconds: 10 });
  return response.status === 200 && response.body.includes('"success":true')
    ? undefined
    : String(response.status);
};

beforeAll(async () => {
  await vps.boot({ ENGINE: "preinstalled" });
});

afterAll(async () => {
  await vps.down();
  checkout.remove();
});

/** What ran in each version, from the first. */
const states: string[] = [];

test("a tree that differs from its commit is refused, before anything is made", async () => {
  await configure({ GREETING: "one" });
  checkout.commit("one");
  await must("pulumi", ["stack", "select", "--create", checkout.stack], {
    env: checkout.env,
    cwd: checkout.directory,
  });
  fs.writeFileSync(path.join(checkout.directory, "left.txt"), "not committed\n");
  const run = await checkout.run("deploy", ["--yes"]);
  expect(run.code).toBe(1);
  expect(run.output).toMatch(/FAILED +git tree +differs from commit [0-9a-f]{12}: left\.txt/);
  expect(run.output).toContain("Nothing was changed: a check failed.");
  fs.rmSync(path.join(checkout.directory, "left.txt"));
});

test("four versions; while one is deployed a second operator is told whose turn it is", async () => {
  const first = checkout.start("deploy", ["--yes"]);
  await untilOutput(first.output, /release: up begins/);
  const second = await checkout.run("deploy", ["--yes"]);
  expect(second.code).toBe(2);
  expect(second.output).toMatch(
    /stack release is locked: up by \S+@\S+ \(process \d+\) since \S+Z, commit [0-9a-f]{12}/,
  );
  const run = await first.ended;
  keep("one", run);
  expect(run.code === 0 ? "" : run.output.slice(-8000)).toBe("");
  states.push(await running());
  for (const [greeting, edge] of [
    ["two", {}],
    ["three", { aliases: ["other.test"] }],
    ["four", { aliases: ["other.test"] }],
  ] as const) {
    writePage(greeting);
    await configure({ GREETING: greeting }, edge);
    checkout.commit(greeting);
    await succeed(greeting, "deploy", ["--yes"]);
    states.push(await running());
  }
  expect(new Set(states).size).toBe(4);
  const outputs = await must("pulumi", ["stack", "output", "--json", "--stack", checkout.stack], {
    env: checkout.env,
    cwd: checkout.directory,
  });
  const { url, siteAddresses, certificateAuthority } = JSON.parse(outputs.output) as Record<string, unknown>;
  site = {
    url: String(url),
    address: (siteAddresses as string[])[0] ?? "",
    authority: String(certificateAuthority),
  };
});

test("three versions back, all that runs is byte for byte what ran then", async () => {
  const run = await succeed("redeploy", "redeploy", ["--version", "1", "--yes"]);
  expect(run.output).toMatch(/ok +images +all 6 are still on the hosts/);
  expect(await running()).toBe(states[0]);
  expect(checkout.git("worktree", "list").split("\n")).toHaveLength(1);
});

test("a broken release goes back by itself: no request fails, and the exit code still says that it failed", async () => {
  await configure({ PATH: "/nowhere" });
  checkout.commit("broken");
  const poller = new Poller(rooms);
  const run = await checkout.run("deploy", ["--yes"], { ROLLBACK_ON_FAILURE: "true" });
  const report = await poller.stop();
  keep("broken", run);
  expect(run.code).toBe(1);
  expect(run.output).toMatch(
    /Version 5 is back and answers \(\d+ s\)\. The deployment failed all the same\./,
  );
  expect(await running()).toBe(states[0]);
  expect(report.requests).toBeGreaterThan(20);
  expect(report.failures).toEqual([]);
});

test("a killed deployment frees its lock; the next one removes what it left, finishes, and tells what was not committed", async () => {
  await configure({ GREETING: "after the kill" });
  checkout.commit("after the kill");
  const killed = checkout.start("deploy", ["--yes"]);
  await untilOutput(killed.output, /gateway-service updating/);
  if (killed.process.pid !== undefined) process.kill(-killed.process.pid, "SIGKILL");
  expect((await killed.ended).signal).toBe("SIGKILL");
  fs.writeFileSync(path.join(checkout.directory, "left.txt"), "not committed\n");
  const run = await checkout.run("deploy", ["--yes"], { WAIT: "30", ALLOW_DIRTY: "1" });
  keep("after-kill", run);
  expect(run.code === 0 ? "" : run.output.slice(-8000)).toBe("");
  expect(run.output).toContain("Pulumi's own lock of release was left behind and is removed");
  expect(run.output).toMatch(
    /warn +git tree +differs from commit .*left\.txt; ALLOW_DIRTY=1 lets it through/,
  );
  expect(await rooms()).toBeUndefined();
  const audit = await succeed("audit", "audit", ["--json"]);
  const records = JSON.parse(audit.output) as { result: string; dirty: boolean }[];
  expect(records.map(({ result, dirty }) => `${result} ${dirty ? "dirty" : "clean"}`)).toEqual([
    ...["succeeded clean", "succeeded clean", "succeeded clean", "succeeded clean", "succeeded clean"],
    ...["failed clean", "succeeded clean", "succeeded dirty"],
  ]);
});

test("a version whose image is gone and whose files are others now changes nothing", async () => {
  const before = await running();
  const [reference = ""] = /hypha-release-images\/frontend:\w+/.exec(states[1] ?? "") ?? [];
  await vps.exec(`docker image rm --force ${reference}`);
  await must("docker", ["image", "rm", "--force", reference]);
  const run = await checkout.run("redeploy", ["--version", "2", "--yes"]);
  keep("image-gone", run);
  expect(run.code).toBe(1);
  expect(run.output).toContain(`frontend: ${reference} is on no host any more, and its files are others now`);
  expect(await running()).toBe(before);
});
