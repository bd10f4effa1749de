import { spawn } from "child_process";
import { createHmac } from "crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import { join } from "path";
import { NoticeEvent, Notifications, NotificationTarget } from "../../components/config/notifications";
import { expandHome } from "../../components/shell/home";

/** What is told of a deployment. It holds no secret. */
export interface Notice {
  event: NoticeEvent;
  stack: string;
  /** Account and machine that deploy. */
  who: string;
  /** ISO 8601, UTC. */
  when: string;
  commit?: string;
  version?: number;
  seconds?: number;
  url?: string;
  /** What failed or was put back, a line each. */
  lines?: string[];
}

/** How long a target may take, and how often it is tried. */
export interface Patience {
  /** @default 5 */
  seconds?: number;
  /** @default 2 */
  tries?: number;
}

const words: Readonly<Record<NoticeEvent, string>> = {
  start: "a deployment begins",
  success: "deployed",
  failure: "the deployment FAILED",
  rollback: "the way back to an earlier version",
};

/** The notice in one line, then what it lists. */
export function noticeText(notice: Notice): string {
  const { event, stack, who, commit, version, seconds, url, lines = [] } = notice;
  const about = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(commit === undefined ? [] : [`commit ${commit.slice(0, 12)}`]),
    `by ${who}`,
    ...(seconds === undefined ? [] : [`${seconds} s`]),
    ...(url === undefined ? [] : [url]),
  ];
  return [`Hypha, stack ${stack}: ${words[event]} (${about.join(", ")})`, ...lines.slice(0, 10)].join("\n");
}

/** A target that could not be told: why, without anything of its secret. */
class NoticeError extends Error {}

type Secret = { env: string } | { file: string };

function read(secret: Secret, env: NodeJS.ProcessEnv): string {
  if ("env" in secret) {
    const value = env[secret.env] ?? "";
    if (value === "") {
      throw new NoticeError(`the environment variable ${secret.env} is not set`);
    }
    return value;
  }
  try {
    return readFileSync(expandHome(secret.file), "utf8").trim();
  } catch (error) {
    throw new NoticeError(
      `${secret.file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown"}`,
    );
  }
}

/** What is posted to a target. Neither chat takes a name in the text for somebody to be called. */
export function payload(kind: "slack" | "discord" | "webhook", notice: Notice): object {
  const text = noticeText(notice);
  switch (kind) {
    case "slack":
      return {
        text: text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign] ?? ""),
      };
    case "discord":
      return { content: text.slice(0, 2000), allowed_mentions: { parse: [] } };
    case "webhook":
      return { ...notice, text };
  }
}

type Web = Exclude<NotificationTarget, { kind: "mail" }>;

async function post(target: Web, notice: Notice, env: NodeJS.ProcessEnv, seconds: number): Promise<void> {
  const url = read(target.url, env);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new NoticeError("its URL is none: it begins with https://");
  }
  const body = JSON.stringify(payload(target.kind, notice));
  const key = target.kind === "webhook" && target.key !== undefined ? read(target.key, env) : undefined;
  const signature = key === undefined ? undefined : createHmac("sha256", key).update(body).digest("hex");
  let status: number;
  try {
    const answer = await fetch(url, {
      method: "POST",
      body,
      headers: {
        "Content-Type": "application/json",
        "X-Hypha-Event": notice.event,
        ...(signature === undefined ? {} : { "X-Hypha-Signature": `sha256=${signature}` }),
      },
      // A signed notice goes to whom it was meant for.
      redirect: "error",
      signal: AbortSignal.timeout(seconds * 1000),
    });
    status = answer.status;
    await answer.body?.cancel();
  } catch (error) {
    // What fetch says may name the URL: only the kind of error is told.
    const { name, cause } = error as { name?: string; cause?: { code?: string } };
    throw new Error(
      name === "TimeoutError" ? `no answer within ${seconds} s` : (cause?.code ?? "the request failed"),
    );
  }
  if (status >= 400) {
    const refusal = `answered ${status}`;
    throw status < 500 && status !== 429 ? new NoticeError(refusal) : new Error(refusal);
  }
}

type Mail = Extract<NotificationTarget, { kind: "mail" }>;

/** A value of curl's configuration. */
const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;

/** The message; lines end as SMTP wants, and nothing in it makes a header. */
export function mailMessage(mail: Pick<Mail, "from" | "to">, notice: Notice): string {
  const [subject = "", ...rest] = noticeText(notice).split("\n");
  const encoded = `=?UTF-8?B?${Buffer.from(subject).toString("base64")}?=`;
  const head = [
    `From: ${mail.from}`,
    `To: ${mail.to.join(", ")}`,
    `Subject: ${encoded}`,
    `Date: ${new Date(notice.when).toUTCString().replace("GMT", "+0000")}`,
    "Auto-Submitted: auto-generated",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
  ];
  const body = Buffer.from([subject, ...rest].join("\n"))
    .toString("base64")
    .replace(/.{76}/g, "$&\r\n");
  return [...head, "", body, ""].join("\r\n");
}

/** By curl, which speaks SMTP; the login goes to it on standard input, the password in no argument. */
function send(mail: Mail, notice: Notice, env: NodeJS.ProcessEnv, seconds: number): Promise<void> {
  const { server, tls } = mail;
  const host = server.includes(":") ? `[${server}]` : server;
  const password = mail.password === undefined ? "" : read(mail.password, env);
  const directory = mkdtempSync(join(tmpdir(), "hypha-mail-"));
  const message = join(directory, "message");
  writeFileSync(message, mailMessage(mail, notice), { mode: 0o600 });
  const settings = [
    `url = ${quoted(`${tls === "tls" ? "smtps" : "smtp"}://${host}:${mail.port}`)}`,
    ...(tls === "starttls" ? ["ssl-reqd"] : []),
    `mail-from = ${quoted(mail.from)}`,
    ...mail.to.map((to) => `mail-rcpt = ${quoted(to)}`),
    ...(mail.user === undefined ? [] : [`user = ${quoted(`${mail.user}:${password}`)}`]),
    `upload-file = ${quoted(message)}`,
    `max-time = ${seconds}`,
    "silent",
  ].join("\n");
  return new Promise<void>((resolve, reject) => {
    const curl = spawn("curl", ["-q", "--config", "-"], { stdio: ["pipe", "ignore", "ignore"] });
    curl.on("error", () => {
      reject(new NoticeError("curl could not be started: install it (Debian, Ubuntu: apt-get install curl)"));
    });
    curl.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(curlErrors[code ?? -1] ?? `curl ended with ${code ?? "a signal"}`));
    });
    curl.stdin.on("error", () => undefined);
    curl.stdin.end(settings);
  }).finally(() => {
    rmSync(directory, { recursive: true });
  });
}

const curlErrors: Readonly<Record<number, string>> = {
  6: "the mail server's name is not known",
  7: "the mail server refuses connections",
  28: "the mail server does not answer in time",
  55: "the mail server refuses the mail",
  60: "the mail server's certificate is not trusted",
  64: "the mail server offers no TLS",
  67: "the mail server refuses the login",
};

async function tell(
  target: NotificationTarget,
  notice: Notice,
  env: NodeJS.ProcessEnv,
  { seconds = 5, tries = 2 }: Patience,
): Promise<void> {
  for (let left = tries; ; left--) {
    try {
      await (target.kind === "mail"
        ? send(target, notice, env, seconds)
        : post(target, notice, env, seconds));
      return;
    } catch (error) {
      if (error instanceof NoticeError || left <= 1) {
        throw error;
      }
    }
  }
}

/**
 * Tells every target that wants to know of it, all at once. A target that cannot be told is a warning, by its name and
 * without its URL: a notification never fails a deployment, nor holds it up for longer than `tries` times `seconds`.
 */
export async function notify(
  targets: Notifications | undefined,
  notice: Notice,
  env: NodeJS.ProcessEnv = process.env,
  patience: Patience = {},
): Promise<string[]> {
  const wanted = Object.entries(targets ?? {}).filter(([, { on }]) => on.includes(notice.event));
  const warnings = await Promise.all(
    wanted.map(async ([name, target]) => {
      try {
        await tell(target, notice, env, patience);
        return [];
      } catch (error) {
        const why = error instanceof Error ? error.message : "unknown";
        return [`hypha:notifications.${name} (${target.kind}) was not told: ${why}`];
      }
    }),
  );
  return warnings.flat();
}
