import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";

/** A throw-away sshd on loopback that lets this user in with one key. */
export interface Sshd {
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  /** Encrypted with the passphrase "open sesame". */
  readonly encryptedKey: string;
  /** A key that the server does not know. */
  readonly strangerKey: string;
  /** "ssh-ed25519 AAAA…" */
  readonly hostKey: string;
  readonly strangerHostKey: string;
  readonly directory: string;
  stop(): void;
}

const binary = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find((file) => fs.existsSync(file));

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

function generate(file: string, passphrase = ""): string {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "toolchain", "-f", file]);
  return fs.readFileSync(file, "utf8");
}

function publicKey(file: string): string {
  return fs.readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
}

/** Resolves when sshd says that it listens. */
function listening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Server listening")) resolve();
    });
    server.once("exit", () => reject(new Error(`sshd ended:\n${said}`)));
  });
}

export async function startSshd(): Promise<Sshd> {
  if (binary === undefined) throw new Error("sshd is needed: apt-get install openssh-server");
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "toolchain-sshd-"));
  const file = (name: string): string => path.join(directory, name);
  const port = await freePort();
  const privateKey = generate(file("client"));
  const encryptedKey = generate(file("encrypted"), "open sesame");
  const strangerKey = generate(file("stranger"));
  generate(file("host"));
  fs.writeFileSync(
    file("authorized_keys"),
    `${publicKey(file("client"))}\n${publicKey(file("encrypted"))}\n`,
  );
  fs.writeFileSync(
    file("config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${file("host")}`,
      `AuthorizedKeysFile ${file("authorized_keys")}`,
      `PidFile ${file("pid")}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin yes",
      "StrictModes no",
      "UsePAM no",
      "MaxStartups 50",
      "AcceptEnv ALLOWED PULUMI_COMMAND_STDOUT",
      "Subsystem sftp internal-sftp",
    ].join("\n"),
  );
  if (process.getuid?.() === 0) fs.mkdirSync("/run/sshd", { recursive: true });
  const server = spawn(binary, ["-D", "-e", "-f", file("config")], { stdio: ["ignore", "ignore", "pipe"] });
  await listening(server);
  return {
    port,
    user: os.userInfo().username,
    privateKey,
    encryptedKey,
    strangerKey,
    hostKey: publicKey(file("host")),
    strangerHostKey: publicKey(file("stranger")),
    directory,
    stop: () => {
      server.removeAllListeners("exit");
      server.kill();
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}
