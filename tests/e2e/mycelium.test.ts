import * as fs from "fs";
import * as path from "path";
import { LabVps } from "./support/lab";
import { countChanges, expectSuccess, projectRoot, Run, Stack } from "./support/stack";

/**
 * Mycelium nodes on two servers, one of them reached as an account with sudo; without the chat. The tests are one story
 * in order. With HYPHA_MYCELIUM=<file> the nodes are real, and reach each other over their Mycelium addresses.
 */
const real = process.env["HYPHA_MYCELIUM"];
const program = path.resolve(real ?? path.join(projectRoot, "lab", "apps", "mycelium", "mycelium"));
const servers = [new LabVps(8), new LabVps(9)] as const;
const [first, second] = servers;
const stack = new Stack("nodes", path.join(__dirname, "fixtures", "mycelium"));
const other = path.join(stack.directory, "other-mycelium");
const broken = path.join(stack.directory, "broken-mycelium");
/** All that was ever said, to look for secrets in. */
let said = "";
let addresses: string[];

const userOf = (vps: LabVps) => (vps === second ? "ops" : "root");

async function boot(vps: LabVps): Promise<void> {
  await vps.boot({ ENGINE: "preinstalled" });
  // What udev and the kernel's defaults give a server; a lab server gets the device of root's only, and no IPv6.
  await vps.exec(
    "chmod 0666 /dev/net/tun && for name in all default; do echo 0 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done",
  );
  if (userOf(vps) !== "root") {
    await vps.exec(
      "useradd --create-home ops && install -d -m 0700 -o ops /home/ops/.ssh && " +
        "install -m 0600 -o ops /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys && " +
        "echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops && rm -r /root/.ssh",
    );
  }
}

/** Deploys with this program on the first server; the second keeps its own. */
async function up(file = program): Promise<Run> {
  const keyFile = await LabVps.keyFile();
  const settings = async (vps: LabVps) => ({
    endpoint: {
      address: vps.address,
      port: 22,
      user: userOf(vps),
      hostKey: await vps.hostKey(),
      identity: { keyFile },
    },
    file: vps === first ? file : program,
    peers: servers.filter((peer) => peer !== vps).map((peer) => `tcp://${peer.address}:9651`),
    tun: real !== undefined,
  });
  stack.configure({ servers: { vps8: await settings(first), vps9: await settings(second) } });
  const run = await stack.up();
  said += run.output;
  return run;
}

async function mustUp(file = program): Promise<Run> {
  return expectSuccess(await up(file), "up");
}

async function nodeAddresses(): Promise<string[]> {
  const { nodes } = (await stack.outputs()) as { nodes: Record<string, { address: string; subnet: string }> };
  return Object.values(nodes).map(({ address }) => address);
}

/** What the node's API says on its own host. */
async function admin(vps: LabVps): Promise<{ nodeIp: string; nodeSubnet: string }> {
  const python =
    "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8989/api/v1/admin').read().decode())";
  return JSON.parse(await vps.exec(`python3 -c "${python}"`)) as { nodeIp: string; nodeSubnet: string };
}

const processOf = (vps: LabVps) => vps.exec("systemctl show -p MainPID --value mycelium.service");
const programs = async (vps: LabVps) =>
  (await vps.exec("cd /usr/local/lib/hypha && ls -d mycelium-*")).trim().split("\n");
const inUse = async (vps: LabVps) =>
  path.basename((await vps.exec("readlink /usr/local/lib/hypha/mycelium")).trim());

/** Sends echo requests until one is answered: routes take a moment to be known. Prints what answered. */
const ping = `
import os, socket, struct, sys, time
sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
sock.settimeout(1)
end, number = time.time() + 60, 0
while time.time() < end:
    number += 1
    try:
        sock.sendto(struct.pack("!BBHHH", 128, 0, 0, os.getpid() & 0xFFFF, number), (sys.argv[1], 0))
        while True:
            data, sender = sock.recvfrom(1500)
            if data[0] == 129 and struct.unpack("!H", data[4:6])[0] == os.getpid() & 0xFFFF:
                print("answer from", sender[0]); sys.exit(0)
    except OSError:
        time.sleep(0.2)
sys.exit("no answer")
`;

/** With real nodes: each reaches the other, at its Mycelium address. */
async function expectToMeet(): Promise<void> {
  if (real === undefined) return;
  for (const [vps, peer] of [
    [first, addresses[1]],
    [second, addresses[0]],
  ] as const) {
    expect(await vps.exec(`python3 -c '${ping}' ${peer ?? ""}`)).toBe(`answer from ${peer ?? ""}\n`);
  }
}

beforeAll(async () => {
  await Promise.all(servers.map(boot));
  await stack.init();
  // The same program under another hash, and one that knows its address and does not serve.
  fs.writeFileSync(other, Buffer.concat([fs.readFileSync(program), Buffer.from("\n")]));
  fs.writeFileSync(
    broken,
    '#!/bin/sh\ncase "$*" in\n  *inspect*) exec /usr/local/lib/hypha/mycelium "$@" ;;\nesac\n' +
      "echo this one does not serve >&2\nexec sleep infinity\n",
  );
});

afterAll(async () => {
  await stack.destroy();
  await Promise.all(servers.map((vps) => vps.down()));
  stack.remove();
});

test("both come up, answer on loopback only, and meet", async () => {
  await mustUp();
  addresses = await nodeAddresses();
  expect(new Set(addresses).size).toBe(2);
  for (const [index, vps] of servers.entries()) {
    expect(addresses[index]).toMatch(/^[45][0-9a-f]{2}:/);
    expect(await admin(vps)).toMatchObject({
      nodeIp: addresses[index],
      nodeSubnet: expect.stringMatching(/::\/64$/),
    });
    const listens = await vps.exec("ss -Hlnt 'sport = :8989 or sport = :8990' | awk '{ print $4 }' | sort");
    expect(listens).toBe("127.0.0.1:8989\n127.0.0.1:8990\n");
    expect(await vps.exec("ps -o user= -C mycelium,python3 | sort -u")).toContain("mycelium");
  }
  await expectToMeet();
});

/** What connecting to the API's socket as an account says; after an answer how it begins. */
const knock = (account: string) =>
  `runuser -u ${account} -- python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); ` +
  `s.connect("/run/hypha/mycelium/api.sock"); s.sendall(b"GET /api/v1/admin HTTP/1.0\\r\\n\\r\\n"); ` +
  `print(s.recv(99).decode()[:7])' 2>&1 | tail -n 1`;

test("its API is on a Unix socket too, which no account of the host reaches but root", async () => {
  expect(await first.exec(knock("root"))).toBe("HTTP/1.\n");
  for (const account of ["muser", "mycelium", "nobody"]) {
    expect(await first.exec(knock(account))).toBe("PermissionError: [Errno 13] Permission denied\n");
  }
});

test("the key is its owner's only, and nowhere else", async () => {
  const key = (await first.exec("base64 -w 0 /var/lib/mycelium/priv_key.bin")).trim();
  expect(Buffer.from(key, "base64")).toHaveLength(32);
  const hex = Buffer.from(key, "base64").toString("hex");
  expect(await first.exec("stat -c '%a %U' /var/lib/mycelium/priv_key.bin")).toBe("600 mycelium\n");
  for (const text of [said, await stack.state(), await first.exec("journalctl --no-pager")]) {
    expect(text).not.toContain(key);
    expect(text).not.toContain(hex);
  }
});

test("a second up changes nothing and restarts nothing", async () => {
  const before = await processOf(first);
  const run = await mustUp();
  expect(countChanges(run.output)).toMatchObject({ created: 0, updated: 0, deleted: 0, replaced: 0 });
  expect(await processOf(first)).toBe(before);
});

test("an upgrade and the way back keep the address; the way back sends nothing", async () => {
  const old = await inUse(first);
  const untouched = await processOf(second);
  const upgrade = await mustUp(other);
  expect(upgrade.output).toContain("vps8: sending mycelium");
  expect(await inUse(first)).not.toBe(old);
  expect(await admin(first)).toMatchObject({ nodeIp: addresses[0] });
  expect(await programs(first)).toHaveLength(2);
  const back = await mustUp();
  expect(back.output).not.toContain("sending mycelium");
  expect(await inUse(first)).toBe(old);
  expect(await admin(first)).toMatchObject({ nodeIp: addresses[0] });
  expect(await nodeAddresses()).toEqual(addresses);
  expect(await processOf(second)).toBe(untouched);
});

test("a program that does not serve is a failure with its log, and the one before runs again", async () => {
  const old = await inUse(first);
  const run = await up(broken);
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("this one does not serve");
  expect(run.output).toContain("vps8: the Mycelium node did not become healthy; what ran before runs again");
  expect(await inUse(first)).toBe(old);
  expect(await admin(first)).toMatchObject({ nodeIp: addresses[0] });
});

test("a server built anew: a taken port is a clear failure, and then the address is the old one", async () => {
  await boot(first);
  await first.exec(
    "systemd-run --unit=squatter --quiet python3 -m http.server --bind 127.0.0.1 8989 && " +
      "until ss -Hltn 'sport = :8989' | grep -q .; do sleep 0.1; done",
  );
  const refused = await up();
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain("vps8: TCP port 8989 is in use by python3");
  expect(refused.output).toContain("vps8: what to do: stop it: the Mycelium node needs this port");
  await first.exec("systemctl stop squatter");
  await mustUp();
  expect(await nodeAddresses()).toEqual(addresses);
  expect(await admin(first)).toMatchObject({ nodeIp: addresses[0] });
  await expectToMeet();
});

test("destroy leaves nothing of it", async () => {
  const run = await stack.destroy();
  expectSuccess(run);
  for (const vps of servers) {
    const left = await vps.exec(
      "ls -d /etc/mycelium /var/lib/mycelium /usr/local/lib/hypha /etc/systemd/system/*mycelium* /etc/tmpfiles.d/hypha* " +
        "/run/hypha 2>/dev/null; " +
        "getent passwd mycelium; systemctl list-units --all --plain --no-legend '*mycelium*'; ss -Hlnt 'sport = :9651'",
    );
    expect(left).toBe("");
  }
});
