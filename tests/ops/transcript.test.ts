import { EngineEvent } from "../../ops/lib/deployment";
import { secretTexts } from "../../ops/lib/state";
import { lastOf, stamped, transcript, withoutSecrets } from "../../ops/lib/transcript";

const urn = (name: string) => `urn:pulumi:t::hypha::docker:index/service:Service::${name}`;
const event = (timestamp: number, more: object): EngineEvent => ({ timestamp, ...more });
const step = (name: string, op: string) => ({ metadata: { urn: urn(name), op } });

test("a log has every message and every step that changed something, with the times of then", () => {
  const log = transcript(
    [
      event(0, { preludeEvent: { config: { "hypha:edge": "{}" } } }),
      event(1, { resourcePreEvent: step("web1-edge", "same") }),
      event(2, { resourcePreEvent: step("gateway", "update") }),
      event(3, {
        diagnosticEvent: { urn: urn("gateway"), severity: "info#err", message: "building\nstep 2" },
      }),
      event(7, { resOpFailedEvent: step("gateway", "update") }),
      event(7, { diagnosticEvent: { severity: "error", message: "it failed" } }),
      event(8, { summaryEvent: { result: "failed", durationSeconds: 7 } }),
    ],
    { web1: "192.0.2.1" },
  );
  const at = (second: number) => `1970-01-01T00:00:0${second}Z`;
  expect(log.split("\n")).toEqual([
    `${at(2)} info  all: gateway updating`,
    `${at(3)} info  all: gateway: building`,
    `${at(3)} info  all: gateway: step 2`,
    `${at(7)} error all: gateway FAILED (5 s)`,
    `${at(7)} error it failed`,
    `${at(8)} info  nothing was changed`,
    "",
  ]);
  expect(stamped(new Date(0), "warn", "a  \nb\n")).toBe(`${at(0)} warn  a\n${at(0)} warn  b\n`);
  expect(stamped(new Date(0), "info", "\n")).toBe("");
});

test("of a log that is too long the end stays, from the beginning of a line on, and what is gone is said", () => {
  const text = Array.from({ length: 100 }, (_, line) => `line ${line} ü\n`).join("");
  expect(lastOf(text, 10_000)).toBe(text);
  const short = lastOf(text, 100);
  expect(short).toMatch(/^\(\d+ bytes before this are left out\)\nline \d+ ü\n/);
  expect(Buffer.byteLength(short)).toBeLessThan(150);
  const [first = "", ...rest] = short.split("\n");
  const gone = Number(/\d+/.exec(first)?.[0]);
  expect(gone + Buffer.byteLength(rest.join("\n"))).toBe(Buffer.byteLength(text));
});

describe("no secret of the state is in a log", () => {
  const secret = (value: unknown) => ({
    ["4dabf18193072939515e22adb298388d"]: "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
  });
  const password = "correct-horse-battery-staple";
  const hook = "https://hooks.example.org/T0/B0/x1y2z3";
  const pem = `-----BEGIN KEY-----\n${"A1b2".repeat(16)}\n-----END KEY-----\n`;
  const file = `receivers:\n  - url: "${hook}"\n  - service: hypha-test-postgres\n`;
  const state = {
    deployment: {
      resources: [
        {
          urn: urn("p"),
          type: "random:index/randomPassword:RandomPassword",
          outputs: { result: secret(password) },
        },
        { urn: urn("k"), type: "tls:index/privateKey:PrivateKey", outputs: { deep: [{ pem: secret(pem) }] } },
        {
          urn: urn("f"),
          type: "docker:index/secret:Secret",
          inputs: { data: secret(Buffer.from(file).toString("base64")), name: "hypha-test-postgres" },
        },
        {
          urn: urn("pin"),
          type: "random:index/randomPassword:RandomPassword",
          outputs: { result: secret("short") },
        },
        {
          urn: urn("s"),
          type: "command:remote:Command",
          inputs: { stdin: secret("export PLACE='/var/lib/somewhere/else'\nset -euo pipefail\n") },
        },
      ],
    },
  };

  test("its texts are found in resources, in files that are secret whole, and not where they are in plain sight", () => {
    const words = secretTexts(state);
    expect(words).toEqual(expect.arrayContaining([password, hook, "A1b2".repeat(16)]));
    for (const plain of ["hypha-test-postgres", "/var/lib/somewhere/else", "short"]) {
      expect(words.filter((text) => text.includes(plain))).toEqual([]);
    }
  });

  test("and are taken out of it", () => {
    const log = `a ${password} b\n${pem}POST ${hook}: refused by hypha-test-postgres, ${password}${password}\n`;
    expect(withoutSecrets(log, secretTexts(state))).toBe(
      "a [secret] b\n-----BEGIN KEY-----\n[secret]\n-----END KEY-----\n" +
        "POST [secret]: refused by hypha-test-postgres, [secret][secret]\n",
    );
    expect(withoutSecrets("abcdefghij abcdefgh", ["abcdefgh", "abcdefghij"])).toBe("[secret] [secret]");
  });
});
