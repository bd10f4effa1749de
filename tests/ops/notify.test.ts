import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, parseConfig } from "../../components/config/load";
import { Notifications } from "../../components/config/notifications";
import { noticeOf } from "../../ops/lib/deploy";
import { mailMessage, Notice, noticeText, notify, payload } from "../../ops/lib/notify";

const notice: Notice = {
  event: "failure",
  stack: "prod",
  who: "ann@desk",
  when: "2026-01-02T03:04:05.000Z",
  commit: "a".repeat(40),
  seconds: 42,
  lines: ["web1: web1-prepare: no <disk> & @everyone"],
};
const hosts = { local: { kind: "local" } };
const targets = (notifications: object): Notifications =>
  parseConfig({ hosts, edge: { domain: "chat.test" }, notifications }).notifications ?? {};

/** A port on which nobody listens any more. */
async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Received {
  path: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

describe("by HTTP", () => {
  let server: http.Server;
  let received: Received[];
  let answer: (response: http.ServerResponse) => void;
  let base: string;
  beforeEach(async () => {
    received = [];
    answer = (response) => response.end("ok");
    server = http.createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        received.push({ path: request.url ?? "", headers: request.headers, body });
        answer(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const env = () => ({
    SLACK: `${base}/slack-secret`,
    DISCORD: `${base}/discord`,
    HOOK: `${base}/hook`,
    KEY: "k",
  });
  const all = targets({
    team: { kind: "slack", url: { env: "SLACK" } },
    game: { kind: "discord", url: { env: "DISCORD" } },
    ci: { kind: "webhook", url: { env: "HOOK" }, key: { env: "KEY" } },
  });

  test("each gets what it takes: Slack text, Discord content that calls nobody, any server the notice, signed", async () => {
    expect(await notify(all, notice, env())).toEqual([]);
    const body = (path: string) => received.find((one) => one.path === path)?.body ?? "";
    const text = noticeText(notice);
    expect(text).toBe(
      "Hypha, stack prod: the deployment FAILED (commit aaaaaaaaaaaa, by ann@desk, 42 s)\nweb1: web1-prepare: no <disk> & @everyone",
    );
    expect(JSON.parse(body("/slack-secret"))).toEqual({
      text: text.replace("<disk> &", "&lt;disk&gt; &amp;"),
    });
    expect(JSON.parse(body("/discord"))).toEqual({ content: text, allowed_mentions: { parse: [] } });
    expect(JSON.parse(body("/hook"))).toEqual({ ...notice, text });
    const hook = received.find(({ path }) => path === "/hook");
    expect(hook?.headers).toMatchObject({
      "content-type": "application/json",
      "x-hypha-event": "failure",
      "x-hypha-signature": `sha256=${createHmac("sha256", "k").update(body("/hook")).digest("hex")}`,
    });
    expect(received.find(({ path }) => path === "/discord")?.headers).not.toHaveProperty("x-hypha-signature");
  });

  test("only those that want to know of it; nobody where there is no section", async () => {
    const some = targets({
      a: { kind: "webhook", url: { env: "HOOK" }, on: ["rollback"] },
      b: { kind: "webhook", url: { env: "SLACK" }, on: ["start", "failure"] },
    });
    await notify(some, notice, env());
    expect(received.map(({ path }) => path)).toEqual(["/slack-secret"]);
    expect(await notify(undefined, notice)).toEqual([]);
  });

  const hook = targets({ ci: { kind: "webhook", url: { env: "HOOK" } } });
  const one = (more: NodeJS.ProcessEnv = {}, seconds = 5) =>
    notify(hook, notice, { ...env(), ...more }, { seconds });

  test("a server in trouble is asked twice; one that refuses, once", async () => {
    answer = (response) => {
      response.statusCode = received.length === 1 ? 503 : 200;
      response.end();
    };
    expect(await one()).toEqual([]);
    expect(received).toHaveLength(2);
    received = [];
    answer = (response) => {
      response.statusCode = 404;
      response.end();
    };
    expect(await one()).toEqual(["hypha:notifications.ci (webhook) was not told: answered 404"]);
    expect(received).toHaveLength(1);
  });

  test("one that is silent, gone or sends elsewhere is a warning without its URL, the others are told", async () => {
    answer = () => undefined;
    expect(await one({}, 0.2)).toEqual([
      "hypha:notifications.ci (webhook) was not told: no answer within 0.2 s",
    ]);
    expect(received).toHaveLength(2);
    answer = (response) => response.writeHead(302, { location: `${base}/elsewhere` }).end();
    expect((await one()).join()).toMatch(/^hypha:notifications\.ci \(webhook\) was not told: /);
    expect(received.map(({ path }) => path)).not.toContain("/elsewhere");
    answer = (response) => response.end();
    const gone = `http://127.0.0.1:${await closedPort()}/token-123`;
    const warnings = await notify(all, notice, { ...env(), SLACK: gone });
    expect(warnings).toEqual(["hypha:notifications.team (slack) was not told: ECONNREFUSED"]);
    expect(received.filter(({ path }) => path === "/discord")).toHaveLength(1);
  });

  test("what the machine lacks is said by the variable's name, and what is no URL is not repeated", async () => {
    expect(await one({ HOOK: "" })).toEqual([
      "hypha:notifications.ci (webhook) was not told: the environment variable HOOK is not set",
    ]);
    expect((await one({ HOOK: "token-123" })).join()).not.toContain("token-123");
    const file = targets({ ci: { kind: "webhook", url: { file: "/nowhere/url" } } });
    expect(await notify(file, notice)).toEqual([
      "hypha:notifications.ci (webhook) was not told: /nowhere/url cannot be read: ENOENT",
    ]);
  });
});

describe("by mail", () => {
  /** A mail server that takes everything and keeps what it was told. */
  function mailServer(): Promise<{ port: number; lines: string[]; close: () => void }> {
    const lines: string[] = [];
    const server = net.createServer((socket) => {
      let data = false;
      socket.write("220 test\r\n");
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        for (const line of chunk.toString().split("\r\n").slice(0, -1)) {
          lines.push(line);
          if (data && line !== ".") continue;
          if (line === "DATA") socket.write("354 go on\r\n");
          else if (line.startsWith("EHLO")) socket.write("250-test\r\n250 AUTH PLAIN\r\n");
          else if (line === "AUTH PLAIN") socket.write("334 \r\n");
          else if (lines.at(-2) === "AUTH PLAIN") socket.write("235 in\r\n");
          else if (line === "QUIT") socket.end("221 bye\r\n");
          else socket.write("250 ok\r\n");
          data = line === "DATA";
        }
      });
    });
    return new Promise((resolve) =>
      server.listen(0, "127.0.0.1", () => {
        resolve({ port: (server.address() as net.AddressInfo).port, lines, close: () => server.close() });
      }),
    );
  }
  const mail = {
    kind: "mail",
    server: "127.0.0.1",
    tls: "none",
    from: "hypha@x.test",
    to: ["a@x.test", "b@x.test"],
  };

  test("the mail arrives at each recipient, with the login, whose password is in a file", async () => {
    const { port, lines, close } = await mailServer();
    const directory = mkdtempSync(join(tmpdir(), "hypha-notify-"));
    writeFileSync(join(directory, "password"), 'pa"ss\\word\n');
    const password = { file: join(directory, "password") };
    expect(await notify(targets({ ops: { ...mail, port, user: "me", password } }), notice)).toEqual([]);
    rmSync(directory, { recursive: true });
    close();
    expect(lines.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      "MAIL FROM:<hypha@x.test>",
      "RCPT TO:<a@x.test>",
      "RCPT TO:<b@x.test>",
    ]);
    const login = lines[lines.indexOf("AUTH PLAIN") + 1] ?? "";
    expect(Buffer.from(login, "base64").toString()).toBe('\0me\0pa"ss\\word');
    const body = lines.slice(lines.indexOf("", lines.indexOf("DATA")) + 1, lines.indexOf("."));
    expect(Buffer.from(body.join(""), "base64").toString()).toBe(noticeText(notice));
  });

  test("a server that is gone, or offers no TLS where it must, is a warning", async () => {
    expect(await notify(targets({ ops: { ...mail, port: await closedPort() } }), notice)).toEqual([
      "hypha:notifications.ops (mail) was not told: the mail server refuses connections",
    ]);
    const { port, lines, close } = await mailServer();
    const warnings = await notify(targets({ ops: { ...mail, port, tls: "starttls" } }), notice);
    close();
    expect(warnings).toEqual(["hypha:notifications.ops (mail) was not told: the mail server offers no TLS"]);
    expect(lines.join()).not.toContain("MAIL");
  });

  test("nothing in a notice makes a header", () => {
    const message = mailMessage(
      { from: "a@x.test", to: ["b@x.test"] },
      { ...notice, stack: "x\r\nBcc: c@x.test", lines: ["\r\n.\r\nQUIT"] },
    );
    expect(message).not.toContain("Bcc");
    expect(message).not.toContain("QUIT");
  });
});

test("each event of a deployment becomes a notice with what an operator wants to know of it", () => {
  const about = { stack: "prod", who: "ann@desk", commit: "abc" };
  const when = expect.any(String);
  expect(noticeOf({ kind: "start" }, about)).toEqual({ ...about, event: "start", when });
  expect(noticeOf({ kind: "success", seconds: 3 }, about)).toEqual({
    ...about,
    event: "success",
    when,
    seconds: 3,
  });
  expect(noticeOf({ kind: "failure", seconds: 3, reason: "no" }, about)).toMatchObject({ lines: ["no"] });
  const back = (ok: boolean) =>
    noticeOf({ kind: "rollback", seconds: 9, rollback: { version: 4, ok, seconds: 5 } }, about).lines;
  expect([back(true), back(false)]).toEqual([
    ["version 4 is back and answers"],
    ["version 4 could NOT be put back"],
  ]);
});

test("the configuration takes no secret where it wants the place of one", () => {
  const problem = (target: object) => {
    try {
      targets({ x: target });
      return "";
    } catch (error) {
      return (error as ConfigError).message;
    }
  };
  expect(problem({ kind: "slack", url: "https://hooks.example/T0" })).toContain("notifications.x.url");
  expect(problem({ kind: "slack", url: { env: "https://hooks.example/T0" } })).toContain(
    "notifications.x.url",
  );
  expect(problem({ kind: "mail", server: "s", from: "no", to: ["a@x.test"] })).toContain(
    "is no mail address",
  );
  expect(problem({ kind: "pigeon", url: { env: "X" } })).toContain("notifications.x.kind");
});

test("Discord takes 2000 characters, and gets no more", () => {
  const long = { ...notice, lines: Array.from({ length: 10 }, () => "x".repeat(500)) };
  expect((payload("discord", long) as { content: string }).content).toHaveLength(2000);
});
