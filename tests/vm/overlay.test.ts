import * as path from "path";
import { LabVps, unhardened } from "../e2e/support/lab";
import { Changes, expectSuccess, Stack, start, until } from "../e2e/support/stack";

/**
 * What services of two hosts say to each other, on the wire between them. IPsec is the kernel's, which servers in
 * containers do not have of their own: it wants virtual machines (HYPHA_LAB=vm).
 */
const servers = { vps78: new LabVps(78), vps79: new LabVps(79) };
const stack = new Stack("overlay", path.join(__dirname, "fixtures", "overlay"));

async function up(name: string, encrypted: boolean): Promise<Changes> {
  const hosts = Object.fromEntries(
    await Promise.all(
      Object.entries(servers).map(async ([name, vps]) => [
        name,
        await vps.host({
          roles: name === "vps78" ? ["manager", "data", "edge", "app"] : ["app"],
          hardening: { ...unhardened, firewall: { enabled: true } },
        }),
      ]),
    ),
  );
  stack.configure({ hosts, cluster: { encrypted }, edge: { domain: "overlay.test" }, chat: {}, images: {} });
  return stack.deploy(`vm-overlay-${name}`);
}

/** What a container of the first host hears of the second, and how many bytes of it the wire carried in plain text. */
async function said(): Promise<{ heard: string; plain: number; esp: number; vxlan: number }> {
  const task = "$(docker ps -q --filter name=^on-vps78 | head -n 1)";
  const ask = `docker exec ${task} perl -MIO::Socket::INET -e '$c = IO::Socket::INET->new(PeerAddr => "on-vps79:80", Timeout => 5) or die; print scalar <$c>'`;
  // An emulated machine takes minutes to start its first containers.
  const heard = await until(
    "the other host's service answers",
    async () => (await servers.vps78.exec(ask)).trim() || undefined,
    900,
  );
  const wire = start("python3", ["-I", path.join(__dirname, "wire.py"), "vps78-tap", "PLAINTEXT", "8"]);
  for (let n = 0; n < 3; n++) await servers.vps78.exec(ask);
  return {
    heard,
    ...(JSON.parse((await wire.ended).output) as Omit<Awaited<ReturnType<typeof said>>, "heard">),
  };
}

beforeAll(async () => {
  await Promise.all(Object.values(servers).map((vps) => vps.boot({ ENGINE: "preinstalled" })));
  await Promise.all(Object.values(servers).map((vps) => vps.load("debian:bookworm-slim")));
  await stack.init();
});

afterAll(async () => {
  await Promise.all(Object.values(servers).map((vps) => vps.down()));
  stack.remove();
});

test("without encryption the wire tells what services say", async () => {
  await up("plain", false);
  const { heard, plain, esp, vxlan } = await said();
  expect(heard).toBe("PLAINTEXT of vps79");
  expect(plain).toBeGreaterThan(0);
  expect(vxlan).toBeGreaterThan(0);
  expect(esp).toBe(0);
});

test("with it the firewall lets ESP through, and nothing is told", async () => {
  // On a stack that runs: its services move to the other network.
  await up("encrypted", true);
  const { heard, plain, esp } = await said();
  expect(heard).toBe("PLAINTEXT of vps79");
  expect(plain).toBe(0);
  expect(esp).toBeGreaterThan(0);
  expect(await servers.vps78.exec("ip xfrm state | grep -c 'proto esp'")).not.toBe("0\n");
});

test("a host whose power fails is heard again, encrypted", async () => {
  await servers.vps79.restart();
  const nodes = () => servers.vps78.exec("docker node ls --format '{{.Hostname}} {{.Status}}'");
  await until("the swarm hears from it", async () => (await nodes()).includes("vps79 Ready"), 600);
  const { heard, plain, esp } = await said();
  expect(heard).toBe("PLAINTEXT of vps79");
  expect(plain).toBe(0);
  expect(esp).toBeGreaterThan(0);
});

test("a second up changes nothing, and destroy ends it", async () => {
  expect(await up("again", true)).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  expectSuccess(await stack.destroy());
});
