import { z } from "zod";
import { address, plainText, port } from "./fields";

/** What is told, in the order in which it happens. */
export const noticeEvents = ["start", "success", "failure", "rollback"] as const;

/** Where a secret is read on the machine that deploys; the configuration holds none. */
const secret = (what: string) =>
  z
    .union([
      z.strictObject({
        env: z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
            error:
              "is no variable's name; fix: write the name of an environment variable, not the secret itself",
          })
          .describe("Name of the environment variable that holds it"),
      }),
      z.strictObject({ file: plainText().describe("Path of the file that holds it, on this machine") }),
    ])
    .describe(
      `${what}: { env: NAME } or { file: PATH }, read on the machine that deploys. Never the text itself`,
    );

const on = z
  .array(z.enum(noticeEvents))
  .min(1)
  .default([...noticeEvents])
  .describe("What it is told: start, success, failure, rollback. Default: all");

const mailbox = () =>
  z.string().regex(/^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9.-]+$/, {
    error: "is no mail address; fix: write one like ops@example.org",
  });

export const notifications = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
      error: "is no name; fix: name the target with up to 63 of a-z, 0-9 and -, like team-chat",
    }),
    z.discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("slack").describe("A channel of Slack"),
        on,
        url: secret("The incoming webhook's URL"),
      }),
      z.strictObject({
        kind: z.literal("discord").describe("A channel of Discord"),
        on,
        url: secret("The webhook's URL"),
      }),
      z.strictObject({
        kind: z.literal("webhook").describe("JSON by POST to any server"),
        on,
        url: secret("The URL"),
        key: secret(
          "Key of the HMAC-SHA256 over the body, sent as X-Hypha-Signature. Default: not signed",
        ).optional(),
      }),
      z.strictObject({
        kind: z.literal("mail").describe("Mail by SMTP; this machine needs curl"),
        on,
        server: address().describe("The mail server"),
        port: port().default(587).describe("Its port. Default: 587"),
        tls: z
          .enum(["starttls", "tls", "none"])
          .default("starttls")
          .describe(
            "starttls (port 587), tls from the first byte (port 465), or none (a relay on this machine). Default: starttls",
          ),
        from: mailbox().describe("Sender"),
        to: z.array(mailbox()).min(1).describe("Recipients"),
        user: plainText().optional().describe("Login at the mail server. Default: none"),
        password: secret("The login's password").optional(),
      }),
    ]),
  )
  .describe("Who is told of deployments; a target for each name. Without this section nobody is");

export type Notifications = z.output<typeof notifications>;
export type NotificationTarget = Notifications[string];
export type NoticeEvent = (typeof noticeEvents)[number];
