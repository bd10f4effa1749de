import * as fs from "fs";
import * as path from "path";
import { LabVps } from "./support/lab";
import { expectSuccess, must, Run, Stack } from "./support/stack";

/** One image on two servers, whose engines are four years apart. The tests are one story in order. */
const first = new LabVps(13);
const second = new LabVps(14);
const both = [first, second];
const stack = new Stack("pages", path.join(__dirname, "fixtures", "images"));
const page = path.join(stack.directory, "page");
const repository = "hypha-pages-images/frontend";
const registry = `${first.address}:5000`;
/** References of all versions, from the first. */
const versions: string[] = [];
let pulled: string | undefined;

const name = (vps: LabVps) => `vps${vps.number}`;

async function up(servers = both): Promise<Run> {
  const keyFile = await LabVps.keyFile();
  const endpoint = async (vps: LabVps) => ({
    address: vps.address,
    port: 22,
    user: "root",
    hostKey: await vps.hostKey(),
    identity: { keyFile },
  });
  const entries = await Promise.all(servers.map(async (vps) => [name(vps), await endpoint(vps)] as const));
  stack.configure({
    settings: { servers: Object.fromEntries(entries), page, buildOn: "local", keep: 2, pulled },
  });
  return stack.up();
}

async function mustUp(servers = both): Promise<Run> {
  return expectSuccess(await up(servers), "up");
}

/** Another page is another top layer, and another version. */
const write = (text: string) => {
  fs.mkdirSync(page, { recursive: true });
  fs.writeFileSync(path.join(page, "index.html"), `<html><title>${text}</title></html>\n`);
};

async function current(): Promise<{ reference: string; id: string; pulledId?: string }> {
  return (await stack.outputs()) as { reference: string; id: string };
}

const idOn = async (vps: LabVps, reference: string) =>
  (await vps.exec(`docker image inspect --format '{{.Id}}' ${reference}`)).trim();
const versionsOn = async (vps: LabVps) =>
  (await vps.exec(`docker image ls --format '{{.Repository}}:{{.Tag}}' ${repository}`))
    .trim()
    .split("\n")
    .sort();

/** What was sent to a server: its size in words, and the layers that were left out. */
function sent(run: Run, vps: LabVps): string[] {
  const line = new RegExp(
    `${name(vps)}: sending ${repository}:\\w+: (.*) layers but for (\\d) that it has`,
    "g",
  );
  // A failed run says it all again at its end.
  const [once = ""] = run.output.split("Diagnostics:");
  return [...once.matchAll(line)].map(([, size = "", left = ""]) => `${size} without ${left}`);
}

/** A registry on the first server, which both engines take without TLS, and in it an image of the page. */
async function startRegistry(): Promise<string> {
  const configuration = {
    version: "0.1",
    storage: { filesystem: { rootdirectory: "/var/lib/docker-registry" } },
    http: { addr: ":5000" },
  };
  await first.exec(
    "{ apt-get -qq update && apt-get -qq install -y --no-install-recommends docker-registry; } >/dev/null && " +
      `echo '${JSON.stringify(configuration)}' >/etc/docker/registry/config.yml && systemctl restart docker-registry && ` +
      "timeout 60 bash -c \"until ss -Hltn 'sport = :5000' | grep -q .; do sleep 0.1; done\"",
  );
  await Promise.all(
    both.map((vps) =>
      vps.exec(
        `mkdir -p /etc/docker && echo '{"insecure-registries": ["${registry}"]}' >/etc/docker/daemon.json && ` +
          `systemctl reload docker && timeout 60 bash -c "until docker info | grep -q '${registry}'; do sleep 0.1; done"`,
      ),
    ),
  );
  const pushed = await first.exec(
    `docker tag ${versions.at(-1) ?? ""} ${registry}/page:1 && docker push ${registry}/page:1 && ` +
      `docker image rm ${registry}/page:1`,
  );
  const [, digest = ""] = /digest: (sha256:\w{64})/.exec(pushed) ?? [];
  return `${registry}/page@${digest}`;
}

beforeAll(async () => {
  await Promise.all([
    first.boot({ ENGINE: "preinstalled" }),
    second.boot({ ENGINE: "preinstalled", OS: "trixie" }),
  ]);
  await stack.init();
});

afterAll(async () => {
  await stack.destroy();
  await Promise.all(both.map((vps) => vps.down()));
  stack.remove();
});

test("one server has the image, all of it sent; a second one joins and gets it, and only it does", async () => {
  write("one");
  const alone = await mustUp([first]);
  expect(sent(alone, first)).toEqual([expect.stringMatching(/^\d\d MiB, 3 without 0$/)]);
  const joined = await mustUp();
  expect(sent(joined, first)).toEqual([]);
  expect(sent(joined, second)).toEqual(sent(alone, first));
  const { reference, id } = await current();
  versions.push(reference);
  expect(await Promise.all(both.map((vps) => idOn(vps, reference)))).toEqual([id, id]);
});

test("a changed page is a changed top layer: some KiB go to each server", async () => {
  write("two");
  const run = await mustUp();
  for (const vps of both) {
    expect(sent(run, vps)).toEqual([expect.stringMatching(/^\d\d? KiB, 3 without 2$/)]);
    expect(run.output).toMatch(new RegExp(`${name(vps)}: sent ${repository}:\\w+: \\d\\d? KiB, \\d+ s`));
  }
  const { reference, id } = await current();
  versions.push(reference);
  expect(await Promise.all(both.map((vps) => idOn(vps, reference)))).toEqual([id, id]);
});

test("a server that cannot be reached is named, the other gets its image, and the next up does the rest", async () => {
  await second.exec("systemctl stop ssh.socket ssh; pkill -x sshd; pkill sshd-session; ! pgrep -x sshd");
  write("three");
  const broken = await up();
  expect(broken.code).not.toBe(0);
  expect(broken.output).toMatch(/vps13: failed: vps14: .*Connection refused/);
  expect(broken.output).toContain("is missing on 1 of 2 hosts, listed above");
  expect(sent(broken, first)).toHaveLength(1);
  await second.exec("systemctl start ssh");
  const mended = await mustUp();
  expect(sent(mended, first)).toEqual([]);
  expect(sent(mended, second)).toEqual(sent(broken, first));
  const { reference, id } = await current();
  versions.push(reference);
  expect(await Promise.all(both.map((vps) => idOn(vps, reference)))).toEqual([id, id]);
});

test("old versions go, but not what a service runs or ran before, nor what is another's", async () => {
  const [one = "", two = "", three = ""] = versions;
  // With two to keep, the first went when the third came.
  expect(await versionsOn(second)).toEqual([two, three].sort());
  await first.exec(
    `docker swarm init --advertise-addr ${first.address} >/dev/null && ` +
      `docker service create --detach --quiet --name user --replicas 0 --no-resolve-image ${two} && ` +
      `docker service update --detach --quiet --no-resolve-image --image ${three} user`,
  );
  await second.exec(
    `docker tag ${two} hypha-other-images/frontend:x && docker tag ${two} registry.test/mine:1`,
  );
  for (const text of ["four", "five", "six"]) {
    write(text);
    await mustUp();
    versions.push((await current()).reference);
  }
  const kept = [two, three, ...versions.slice(-2)].sort();
  expect(await versionsOn(first)).toEqual(kept);
  expect(await versionsOn(second)).toEqual(kept);
  expect(kept).not.toContain(one);
  expect(
    await second.exec(
      "docker image ls --quiet hypha-other-images/frontend; docker image ls -q registry.test/mine",
    ),
  ).toMatch(/^\w+\n\w+\n$/);
});

test("an image from a registry is pulled by each server itself", async () => {
  pulled = await startRegistry();
  const run = await mustUp();
  for (const vps of both) {
    expect(run.output).toContain(`${name(vps)}: pulled ${pulled}`);
    expect(sent(run, vps)).toEqual([]);
  }
  const { id, pulledId } = await current();
  expect(pulledId).toBe(id);
  expect(await Promise.all(both.map((vps) => idOn(vps, pulled ?? "")))).toEqual([id, id]);
});

test("destroy removes what was built everywhere, and leaves what was pulled", async () => {
  expectSuccess(await stack.destroy());
  for (const vps of both) {
    expect((await versionsOn(vps)).join("")).toBe("");
    expect(await idOn(vps, pulled ?? "")).toMatch(/^sha256:/);
  }
  expect((await must("docker", ["image", "ls", "--quiet", repository])).output).toBe("");
});
