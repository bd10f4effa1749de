import { isIP } from "node:net";
import { z } from "zod";
import { isDnsName, plainText, problem, whenSound } from "./fields";

/** A secret is named, never written: the stack file is in a repository. */
const secretIn = (what: string) =>
  z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,62}$/, {
      error: "is no name of an environment variable; fix: write a name like SLACK_URL, and set that variable",
    })
    .describe(`Environment variable of whoever deploys that holds ${what}`);

const mailAddress = () =>
  z.string().regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, {
    error: "is no mail address; fix: write one like ops@example.org",
  });

const smarthost = z
  .string()
  .refine(
    (text) => {
      const [, host = "", port = ""] = /^\[?([^[\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
      return (isDnsName(host) || isIP(host) > 0) && Number(port) > 0 && Number(port) < 65536;
    },
    { error: "is no mail server; fix: write its name and port, like mail.example.org:587" },
  )
  .describe("Mail server that takes the mail: name:port. It must offer TLS");

const severities = z
  .array(z.enum(["critical", "warning", "info"]))
  .min(1)
  .default(["critical", "warning"])
  .describe("The severities that go there. Default: critical and warning");

const mail = z
  .strictObject({
    kind: z.literal("mail"),
    to: z.array(mailAddress()).min(1).max(20).describe("Who gets it"),
    from: mailAddress().describe("Whom it comes from"),
    smarthost,
    user: plainText()
      .optional()
      .describe("Account at the mail server. Default: none, it takes mail without a login"),
    passwordEnv: secretIn("the account's password").optional(),
    severities,
  })
  .refine((receiver) => (receiver.user === undefined) === (receiver.passwordEnv === undefined), {
    ...whenSound("user", "passwordEnv"),
    error: "has one of user and passwordEnv; fix: write both or none",
  })
  .describe("Mail");

const slack = z
  .strictObject({
    kind: z.literal("slack"),
    urlEnv: secretIn("the webhook's address"),
    channel: plainText().optional().describe("Channel, like #ops. Default: the webhook's own"),
    severities,
  })
  .describe("A Slack channel, by an incoming webhook");

const discord = z
  .strictObject({ kind: z.literal("discord"), urlEnv: secretIn("the webhook's address"), severities })
  .describe("A Discord channel, by a webhook");

const webhook = z
  .strictObject({ kind: z.literal("webhook"), urlEnv: secretIn("the address"), severities })
  .describe("Anything that takes Alertmanager's JSON by HTTP POST");

const receiver = z.discriminatedUnion("kind", [mail, slack, discord, webhook]);

export const alerts = z
  .strictObject({
    receivers: z
      .record(
        z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, {
          error: "is no receiver's name; fix: use up to 32 of a-z, 0-9 and -",
        }),
        receiver,
      )
      .default({})
      .describe(
        "Who is told, by a name of your choice. Default: nobody; alerts are seen in Alertmanager only",
      ),
    watchdog: z
      .strictObject({
        urlEnv: secretIn("the address of a dead man's switch outside"),
        everyMinutes: z
          .int()
          .min(1)
          .max(1440)
          .default(5)
          .describe("Minutes between two signs of life, 1 to 1440. Default: 5"),
      })
      .optional()
      .describe("A service outside that raises the alarm when it hears nothing more. Default: none"),
    repeatHours: z
      .strictObject({
        critical: z.int().min(1).max(168).default(1).describe("Hours, 1 to 168. Default: 1"),
        other: z.int().min(1).max(168).default(12).describe("Hours, 1 to 168. Default: 12"),
      })
      .prefault({})
      .describe("After how long an alert that goes on is told again"),
    runbooks: plainText()
      .default("docs/runbooks.md")
      .describe("Address of docs/runbooks.md, for the links in alerts. Default: the path in the checkout"),
  })
  .superRefine((value, context) => {
    const everywhere = Object.entries(value.receivers).filter(([name]) =>
      ["nobody", "watchdog"].includes(name),
    );
    for (const [name] of everywhere) {
      problem(context, ["receivers", name], "has a name that Hypha uses itself", "give it another name");
    }
  }, whenSound("receivers"))
  .describe("Who is told of alerts, and how");

export type Alerts = z.infer<typeof alerts>;
export type Receiver = z.infer<typeof receiver>;

/** The environment variables that the receivers' secrets are in, by the key of the configuration that names each. */
export function secretVariables({ receivers, watchdog }: Alerts): Record<string, string> {
  const named = Object.entries(receivers).map(([name, to]): [string, string | undefined] =>
    to.kind === "mail"
      ? [`receivers.${name}.passwordEnv`, to.passwordEnv]
      : [`receivers.${name}.urlEnv`, to.urlEnv],
  );
  return Object.fromEntries(
    [...named, ["watchdog.urlEnv", watchdog?.urlEnv] as const].flatMap(([key, variable]) =>
      variable === undefined ? [] : [[key, variable]],
    ),
  );
}
