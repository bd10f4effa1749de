import { addresses, auditRecord, configOf, merge, unlockRecord } from "../../ops/lib/audit";
import { configHash, parseConfig } from "../../components/config/load";
import { hostKey } from "../components/fixtures";

const hosts = { web1: { kind: "vps", address: "192.0.2.10", hostKey } };
const raw = {
  "hypha:hosts": JSON.stringify(hosts),
  "hypha:edge": '{"domain":"chat.test"}',
  "other:key": "1",
};
const deployment = {
  config: raw,
  began: new Date("2026-01-02T03:04:05Z"),
  seconds: 7,
  result: "failed" as const,
  changes: { create: 1 },
};

test("the configuration comes from the raw keys of this program; an invalid one is none", () => {
  const config = configOf(raw);
  expect(config).toEqual(parseConfig({ hosts, edge: { domain: "chat.test" } }));
  expect(addresses(config)).toEqual({ web1: "192.0.2.10" });
  expect(configOf({ "hypha:hosts": "{}" })).toBeUndefined();
  expect(addresses(undefined)).toEqual({});
});

test("a record says who, when, what and how it ended, in one line", () => {
  const config = parseConfig({ hosts, edge: { domain: "chat.test" } });
  const revision = `${"a".repeat(40)}-dirty`;
  const record = auditRecord("prod", deployment, config, { who: "op@desk", author: "Ann <a@x>", revision });
  expect(record).toEqual({
    when: "2026-01-02T03:04:05.000Z",
    who: "op@desk",
    author: "Ann <a@x>",
    stack: "prod",
    commit: "a".repeat(40),
    dirty: true,
    configHash: configHash(config),
    result: "failed",
    seconds: 7,
    changes: { create: 1 },
  });
  const clean = auditRecord("prod", deployment, config, {
    who: "op@desk",
    author: undefined,
    revision: "unknown",
  });
  expect(clean).toMatchObject({ commit: "unknown", dirty: false });
  expect(clean).not.toHaveProperty("author");
  expect(JSON.stringify(record)).not.toContain("\n");
});

test("a lock that was taken away is a line: who did it, from whom, after how long", () => {
  const config = parseConfig({ hosts, edge: { domain: "chat.test" } });
  const commit = `${"a".repeat(40)}-dirty`;
  const owner = { who: "ann@desk", pid: 12, since: "2026-01-02T03:04:05Z", commit, what: "up" };
  const by = { who: "bob@lap", author: "Bob <b@x>" };
  const record = unlockRecord("prod", owner, config, by, new Date("2026-01-02T04:04:05Z"));
  expect(record).toEqual({
    ...{ when: "2026-01-02T04:04:05.000Z", who: "bob@lap", author: "Bob <b@x>", stack: "prod" },
    ...{ commit: "a".repeat(40), dirty: true, configHash: configHash(config), result: "unlocked" },
    ...{ seconds: 3600, changes: {}, from: "ann@desk" },
  });
  const unknown = unlockRecord("prod", { ...owner, since: "just now" }, config, {
    who: "bob@lap",
    author: undefined,
  });
  expect(unknown).toMatchObject({ seconds: 0 });
  expect(unknown).not.toHaveProperty("author");
});

test("logs merge by time; one deployment to two hosts is one row; what is no record is left out", () => {
  const line = (when: string) => JSON.stringify({ when, stack: "prod" });
  const rows = merge([
    { host: "web2", text: `${line("2026-02")}\n${line("2026-03")}\n` },
    { host: "web1", text: `{"when": cut\n${line("2026-01")}\n${line("2026-03")}\nnoise\n` },
    { host: "web3", problem: "refused" },
  ]);
  expect(rows.map(({ when, hosts: on }) => [when, on])).toEqual([
    ["2026-01", ["web1"]],
    ["2026-02", ["web2"]],
    ["2026-03", ["web2", "web1"]],
  ]);
});
