import { parse } from "yaml";
import { alerts as schema, secretVariables } from "../../../components/config/alerts";
import { renderAlertmanagerYml } from "../../../components/observability/alertmanagerRender";
import { withTool } from "../../support/tools";
import { runOn } from "./promtool";

const everything = schema.parse({
  receivers: {
    phone: { kind: "webhook", urlEnv: "PHONE_URL", severities: ["critical"] },
    ops: {
      kind: "mail",
      to: ["ops@example.org", "night@example.org"],
      from: "hypha@example.org",
      smarthost: "mail.example.org:587",
      user: "hypha",
      passwordEnv: "MAIL_PASSWORD",
    },
    team: { kind: "slack", urlEnv: "SLACK_URL", channel: "#ops" },
    others: { kind: "discord", urlEnv: "DISCORD_URL", severities: ["info", "critical", "warning"] },
  },
  watchdog: { urlEnv: "SWITCH_URL" },
  runbooks: "https://example.org/docs/runbooks.md",
});
const values: Record<string, string> = {
  PHONE_URL: "https://phone.example.org/a",
  MAIL_PASSWORD: 'password-of-mail: {{ "quoted" }} #1',
  SLACK_URL: "https://hooks.slack.example.org/b",
  DISCORD_URL: "https://discord.example.org/api/webhooks/1/c",
  SWITCH_URL: "https://switch.example.org/d",
};
const reveal = (name: string) => values[name] ?? "";
const file = renderAlertmanagerYml(everything, reveal);

/** The receivers that a set of labels goes to, by Alertmanager's own routing. */
const routed = (amtool: string, ...labels: string[]) => {
  const { status, said } = runOn(amtool, { "alertmanager.yml": file }, [
    ...["config", "routes", "test", "--config.file=alertmanager.yml"],
    ...labels,
  ]);
  expect({ status, said }).toMatchObject({ status: 0 });
  // It warns of an address that nobody gave.
  return said.replace(/^Warning: .*$/gm, "").trim();
};

withTool(
  "amtool",
  "Alertmanager takes the configuration with every kind of receiver, and with none",
  (amtool) => {
    const bare = renderAlertmanagerYml(schema.parse({}), reveal);
    for (const text of [file, bare]) {
      const { status, said } = runOn(amtool, { "alertmanager.yml": text }, [
        "check-config",
        "alertmanager.yml",
      ]);
      expect(`${String(status)} ${said}`).toMatch(/^0 /);
    }
  },
);

withTool("amtool", "amtool refuses a broken one, so the test above can fail", (amtool) => {
  const broken = file.replace("receiver: nobody", "receiver: somebody");
  expect(runOn(amtool, { "alertmanager.yml": broken }, ["check-config", "alertmanager.yml"]).status).not.toBe(
    0,
  );
});

withTool("amtool", "each severity goes to those who asked for it", (amtool) => {
  expect(routed(amtool, "alertname=HostDown", "severity=critical")).toBe("ops,others,phone,team");
  expect(routed(amtool, "alertname=DiskLow", "severity=warning")).toBe("ops,others,team");
  expect(routed(amtool, "alertname=Other", "severity=info")).toBe("others");
  expect(routed(amtool, "alertname=Watchdog", "severity=info")).toBe("watchdog");
});

test("without a dead man's switch the watchdog tells nobody", () => {
  const { route, receivers } = parse(renderAlertmanagerYml(schema.parse({}), reveal)) as {
    route: { routes: unknown[] };
    receivers: unknown[];
  };
  expect(route.routes).toEqual([
    expect.objectContaining({ receiver: "nobody", matchers: ['alertname="Watchdog"'] }),
  ]);
  expect(receivers).toEqual([{ name: "nobody" }]);
});

test("secrets come out of the environment as they are, and nowhere else from", () => {
  const parsed = JSON.stringify(parse(file));
  for (const value of Object.values(values)) expect(parsed).toContain(JSON.stringify(value));
  expect(JSON.stringify(everything)).not.toMatch(/password-of|https:\/\/(phone|hooks|discord|switch)/);
  expect(secretVariables(everything)).toEqual({
    "receivers.ops.passwordEnv": "MAIL_PASSWORD",
    "receivers.others.urlEnv": "DISCORD_URL",
    "receivers.phone.urlEnv": "PHONE_URL",
    "receivers.team.urlEnv": "SLACK_URL",
    "watchdog.urlEnv": "SWITCH_URL",
  });
  expect(secretVariables(schema.parse({}))).toEqual({});
});

test.each([
  [
    "an address where the name of a variable belongs",
    { receivers: { a: { kind: "slack", urlEnv: "https://x" } } },
  ],
  ["a user without a password", { receivers: { a: { ...mail(), user: "u" } } }],
  ["a mail server without a port", { receivers: { a: { ...mail(), smarthost: "mail.example.org" } } }],
  ["no address", { receivers: { a: { ...mail(), to: ["ops"] } } }],
  ["a name of Hypha's own", { receivers: { nobody: mail() } }],
  ["a severity that there is not", { receivers: { a: { ...mail(), severities: ["page"] } } }],
  ["an unknown key", { receivers: { a: { ...mail(), password: "x" } } }],
])("%s is refused", (_, wrong) => {
  expect(schema.safeParse(wrong).success).toBe(false);
});

function mail() {
  return { kind: "mail", to: ["a@example.org"], from: "b@example.org", smarthost: "[2001:db8::1]:25" };
}

test("what the refused ones were made of is taken", () => {
  expect(schema.safeParse({ receivers: { a: mail() } }).error?.issues).toBeUndefined();
});
