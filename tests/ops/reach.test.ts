import { AddressInfo, createServer, Server, Socket } from "node:net";
import { parseConfig } from "../../components/config/load";
import { formatUnreachable, knock, reach } from "../../ops/lib/reach";
import { hostKey } from "../support/config";

const servers: Server[] = [];
const guests: Socket[] = [];

/** A server on loopback that does this with who connects; its port. */
function listening(welcome: (guest: Socket) => void): Promise<number> {
  const server = createServer((guest) => {
    guests.push(guest);
    guest.on("error", () => undefined);
    welcome(guest);
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

const sshd = () => listening((guest) => guest.write("SSH-2.0-OpenSSH_9.2\r\n"));

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const port = await listening(() => undefined);
  const server = servers.pop();
  await new Promise((resolve) => server?.close(resolve));
  return port;
}

afterEach(async () => {
  guests.splice(0).forEach((guest) => guest.destroy());
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
        }),
    ),
  );
});

test("an SSH server answers, whatever it says before its name and in whatever pieces", async () => {
  expect(await knock("127.0.0.1", await sshd())).toBeUndefined();
  const chatty = await listening((guest) => {
    guest.write("welcome\r\nSS");
    setImmediate(() => guest.write("H-2.0-x\r\n"));
  });
  expect(await knock("127.0.0.1", chatty)).toBeUndefined();
});

test("one that takes the connection and is silent does not, and is not waited for any longer", async () => {
  const port = await listening(() => undefined);
  expect(await knock("127.0.0.1", port, 0.3)).toContain(
    `127.0.0.1 port ${port}: connected, and no word from sshd for 0.3 s: `,
  );
});

test.each<[string, (guest: Socket) => void, string]>([
  ["hanging up", (guest) => guest.end(), "connected, and hung up on at once: "],
  ["a web server", (guest) => guest.end("HTTP/1.1 400 Bad Request\r\n\r\n"), "what answers is no SSH server"],
  ["endless", (guest) => guest.write("x".repeat(10_000)), "what answers is no SSH server"],
])("one that is %s does not", async (_, welcome, problem) => {
  const port = await listening(welcome);
  expect(await knock("127.0.0.1", port)).toContain(`127.0.0.1 port ${port}: ${problem}`);
});

test("a refused connection and an unknown name are told as such", async () => {
  const port = await closedPort();
  expect(await knock("127.0.0.1", port)).toContain(`127.0.0.1 port ${port}: refused`);
  expect(await knock("no-such-host.invalid", 22)).toMatch(/^no-such-host\.invalid port 22: .*DNS/);
});

test("every host is tried, at once, and told by its name; the local engine is always there", async () => {
  const server = { kind: "vps", address: "127.0.0.1", hostKey };
  const silent = await listening(() => undefined);
  const { hosts } = parseConfig({
    hosts: {
      db: { ...server, roles: ["manager", "data"], port: await sshd() },
      // Nodes need addresses of their own; on loopback all of these are this machine.
      web1: { ...server, address: "127.0.0.2", roles: ["edge", "app"], port: await closedPort() },
      web2: { ...server, privateAddress: "127.0.0.3", roles: ["app"], port: silent },
    },
    edge: { domain: "chat.test" },
  });
  const reached = await reach(hosts, 3);
  expect(reached).toEqual([
    { host: "db" },
    { host: "web1", problem: expect.stringContaining("refused") as string },
    { host: "web2", problem: expect.stringContaining("no word from sshd") as string },
  ]);
  expect(formatUnreachable(reached).split("\n")).toEqual([
    expect.stringMatching(/^web1: 127\.0\.0\.2 port \d+: refused/),
    expect.stringMatching(/^web2: 127\.0\.0\.1 port \d+: connected/),
  ]);
  expect(guests).toHaveLength(2);
  const own = parseConfig({ hosts: { local: { kind: "local" } }, edge: { domain: "chat.test" } });
  expect(await reach(own.hosts)).toEqual([{ host: "local" }]);
});
