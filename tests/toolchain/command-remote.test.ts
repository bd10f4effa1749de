import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { type Sshd, startSshd } from "./support/sshd";
import { type Outcome, Stand } from "./support/stand";

// Expectations: pulumi-command v1.2.1, provider/pkg/provider/remote/{commandController,commandOutputs,
// connection,copyController}.go, and the resources' reference at pulumi.com/registry.

jest.setTimeout(120_000);

const secret = "s3cr3t-on-stdin";

describe("command:remote", () => {
  let stand: Stand;
  let sshd: Sshd;
  let file: (name: string) => string;
  beforeAll(async () => {
    stand = await Stand.make("remote");
    sshd = await startSshd();
    file = (name) => path.join(stand.directory, name);
    fs.mkdirSync(file("tree/deep"), { recursive: true });
    fs.writeFileSync(file("tree/deep/leaf"), "leaf");
  });
  afterAll(() => {
    sshd.stop();
    stand.remove();
  });

  const connection = (over: Partial<types.input.remote.ConnectionArgs> = {}) => ({
    host: "127.0.0.1",
    port: sshd.port,
    user: sshd.user,
    privateKey: sshd.privateKey,
    hostKey: sshd.hostKey,
    dialErrorLimit: 1,
    ...over,
  });

  const program = (v: string) => async () => {
    const updated = new remote.Command("updated", {
      connection: connection(),
      create: "cat; echo problem >&2",
      update: 'echo "$PULUMI_COMMAND_STDOUT then:"; cat',
      stdin: `grüß 🍄 ${v}`,
    });
    new remote.Command("triggered", {
      connection: connection({ hostKey: `[127.0.0.1]:${sshd.port} ${sshd.hostKey} comment` }),
      create: "true",
      update: "false",
      triggers: [v],
    });
    new remote.Command("deleted", {
      connection: connection({ privateKey: sshd.encryptedKey, privateKeyPassword: "open sesame" }),
      create: "echo out",
      delete: `printf %s "$PULUMI_COMMAND_STDOUT" > ${file("deleted")}`,
    });
    const hidden = new remote.Command("hidden", {
      connection: connection(),
      create: "cat >/dev/null; echo done",
      stdin: pulumi.secret(secret),
    });
    const big = new remote.Command("big", {
      connection: connection(),
      create: "wc -c",
      stdin: "z".repeat(1_000_000),
    });
    const long = new remote.Command("long", {
      connection: connection(),
      create: "head -c 200000 /dev/zero | tr '\\0' x",
      logging: "none",
    });
    const environment = new remote.Command("environment", {
      connection: connection(),
      create: "echo $ALLOWED",
      environment: { ALLOWED: "yes" },
    });
    const proxied = new remote.Command("proxied", {
      connection: connection({ proxy: connection() }),
      create: "echo through",
    });
    new remote.CopyToRemote("text", {
      connection: connection(),
      source: new pulumi.asset.StringAsset(`text ${v}`),
      remotePath: file("copied/text"),
    });
    new remote.CopyToRemote("tree", {
      connection: connection(),
      source: new pulumi.asset.FileArchive(file("tree")),
      remotePath: file("copied"),
    });
    return {
      updated: updated.stdout,
      problem: updated.stderr,
      hidden: hidden.stdout,
      big: big.stdout,
      long: long.stdout.apply((text) => text.length),
      environment: environment.stdout,
      proxied: proxied.stdout,
      connection: updated.connection,
    };
  };

  /** One command whose connection or text is wrong. */
  const failing = (
    over: Partial<types.input.remote.ConnectionArgs>,
    command: Partial<remote.CommandArgs> = {},
  ): Promise<Outcome> =>
    stand.up(async () => {
      new remote.Command("failing", { connection: connection(over), create: "true", ...command });
    });

  let first: Outcome;

  test("preview dials nobody", async () => {
    const outcome = await stand.preview(async () => {
      new remote.Command("nobody", { connection: connection({ host: "192.0.2.1" }), create: "true" });
    });
    expect(outcome.error).toBeUndefined();
    expect(outcome.steps).toEqual({ nobody: "create" });
  });

  test("create runs with stdin, environment, proxy and encrypted key", async () => {
    first = await stand.up(program("1"));
    expect(first.error).toBeUndefined();
    expect(first.outputs).toMatchObject({
      updated: "grüß 🍄 1",
      problem: "problem",
      hidden: "done",
      big: "1000000",
      long: 200_000,
      environment: "yes",
      proxied: "through",
    });
    expect(fs.readFileSync(file("copied/text"), "utf8")).toBe("text 1");
    expect(fs.readFileSync(file("copied/tree/deep/leaf"), "utf8")).toBe("leaf");
  });

  test("the connection is secret; neither it nor stdin is in log or state", async () => {
    expect(first.secrets).toEqual(["connection"]);
    const keyLine = sshd.privateKey.split("\n")[2] ?? "";
    const state = stand.state();
    for (const hidden of [secret, keyLine]) {
      expect(first.log.includes(hidden)).toBe(false);
      expect(state.includes(hidden)).toBe(false);
    }
  });

  test("the same program changes nothing", async () => {
    const outcome = await stand.up(program("1"));
    expect(new Set(Object.values(outcome.steps))).toEqual(new Set(["same"]));
  });

  test("new stdin updates, new triggers replace, new content is copied", async () => {
    const outcome = await stand.up(program("2"));
    expect(outcome.error).toBeUndefined();
    expect(outcome.steps).toMatchObject({
      updated: "update",
      triggered: "replace",
      text: "update",
      tree: "same",
      hidden: "same",
    });
    expect(outcome.outputs.updated).toBe("grüß 🍄 1 then:\ngrüß 🍄 2");
    expect(fs.readFileSync(file("copied/text"), "utf8")).toBe("text 2");
  });

  test("destroy runs delete with the last output", async () => {
    expect((await stand.destroy()).error).toBeUndefined();
    expect(fs.readFileSync(file("deleted"), "utf8")).toBe("out");
    expect(fs.existsSync(file("copied/text"))).toBe(true);
  });

  test("a wrong host key is refused before the key is offered", async () => {
    expect((await failing({ hostKey: sshd.strangerHostKey })).error).toContain("ssh: host key mismatch");
    expect((await failing({ hostKey: "no key" })).error).toContain("failed to parse host key");
  });

  test("a wrong key is refused", async () => {
    expect((await failing({ privateKey: sshd.strangerKey })).error).toContain("unable to authenticate");
  });

  test("an unreachable host is dialled as often as the limit says", async () => {
    const outcome = await failing({ port: 1, dialErrorLimit: 3 });
    expect(outcome.error).toContain("after 3 failed attempts");
    expect(outcome.error).toContain("connection refused");
    expect(outcome.log).toContain("Dial 3/3 failed: retrying");
  });

  test("exit status, signal and output are in the error, stdin is not", async () => {
    const status = await failing(
      {},
      { create: "cat >/dev/null; echo last words >&2; exit 3", stdin: secret },
    );
    expect(status.error).toContain("Process exited with status 3: running");
    expect(status.error).toContain("last words");
    expect(`${status.error} ${status.log}`.includes(secret)).toBe(false);
    const killed = await failing({}, { create: "kill -9 $$" });
    expect(killed.error).toContain("Process exited with status 137 from signal KILL");
  });

  test("a connection that breaks mid-way fails the command", async () => {
    const broken = await failing({}, { create: "kill -9 $PPID; sleep 5" });
    expect(broken.error).toContain("running");
    expect(broken.error).toContain("without exit status");
  });

  test("a variable that sshd does not accept fails with the reason", async () => {
    const refused = await failing({}, { create: "true", environment: { REFUSED: "1" } });
    expect(refused.error).toContain('could not set environment variable "REFUSED"');
    expect(refused.log).toContain("AcceptEnv");
  });

  test("a cancelled deployment ends with an error, and the next one finishes", async () => {
    const marker = file("started");
    const endless = (command: string) => async () => {
      new remote.Command("endless", { connection: connection(), create: command });
    };
    const running = stand.up(endless(`touch ${marker}; timeout 60 tail -f /dev/null`));
    await appears(marker);
    interrupt(stand.directory);
    expect((await running).error).toBeDefined();
    const next = await stand.up(endless("true"));
    expect(next.error).toBeUndefined();
    expect(next.steps.endless).toBe("create");
  });
});

/** Sends SIGINT to the engine that works in the stand's directory. */
function interrupt(directory: string): void {
  const listing = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" });
  const engine = listing.split("\n").find((line) => line.includes(`${directory}/home/versions`));
  process.kill(Number(engine?.trim().split(" ")[0]), "SIGINT");
}

/** Resolves once the file is there. */
function appears(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = fs.watch(path.dirname(name), () => {
      if (!fs.existsSync(name)) return;
      clearTimeout(limit);
      watcher.close();
      resolve();
    });
    const limit = setTimeout(() => {
      watcher.close();
      reject(new Error(`${name} did not appear`));
    }, 30_000);
    if (fs.existsSync(name)) {
      clearTimeout(limit);
      watcher.close();
      resolve();
    }
  });
}
