import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "../../components/config/load";
import type { Workload } from "../../components/swarm/workload";
import { ChatParts, chatRoutes } from "../../components/systems/chatRoutes";
import { hostKey, projectFile } from "../components/fixtures";
import { Check, CheckResult, runChecks } from "../../ops/lib/check";
import { checksExitCode, formatChecks, junit, xmlText } from "../../ops/lib/checkReport";
import { validationUser } from "../../ops/lib/matrixCheck";
import { furtherQuestions, percentile, smokeQuestions } from "../../ops/lib/siteChecks";
import { allChecks, stackFunctions } from "../../ops/lib/validate";

const check = (name: string, change: Partial<Check> = {}): Check => ({
  name,
  category: "services",
  target: "",
  expected: "an answer",
  severity: "failure",
  hint: "mend it",
  covers: [],
  run: async () => ({ detail: "fine" }),
  ...change,
});

describe("running checks", () => {
  test("each says how it came out; an error, a late answer and a problem are its problem", async () => {
    const results = await runChecks(
      [
        check("good"),
        check("bad", { run: async () => ({ detail: "", problem: "wrong" }) }),
        check("broken", { run: async () => Promise.reject(new Error("refused")) }),
        check("late", { run: () => new Promise(() => undefined) }),
        check("mild", { severity: "warning", run: async () => ({ detail: "", problem: "slow" }) }),
        check("grave", {
          severity: "warning",
          run: async () => ({ detail: "", problem: "dead", severity: "failure" as const }),
        }),
      ],
      0.2,
    );
    expect(results.map(({ name, status, detail, hint }) => [name, status, detail, hint])).toEqual([
      ["good", "ok", "fine", undefined],
      ["bad", "failure", "wrong", "mend it"],
      ["broken", "failure", "refused", "mend it"],
      ["late", "failure", "no answer within 0.2 s", "mend it"],
      ["mild", "warning", "slow", "mend it"],
      ["grave", "failure", "dead", "mend it"],
    ]);
    expect(checksExitCode(results)).toBe(1);
    expect(checksExitCode(results.filter(({ status }) => status !== "failure"))).toBe(0);
  });

  test("those that want to be alone run after all others, one at a time; the report is in the order of categories", async () => {
    const seen: string[] = [];
    const step = (name: string, change: Partial<Check>) =>
      check(name, {
        run: async () => {
          seen.push(`${name} begins`);
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(`${name} ends`);
          return { detail: "" };
        },
        ...change,
      });
    const results = await runChecks([
      step("x", { category: "performance", alone: true }),
      step("y", { category: "network", alone: true }),
      step("a", { category: "services" }),
      step("b", { category: "resources" }),
    ]);
    expect(seen).toEqual([
      ...["a begins", "b begins", "a ends", "b ends"],
      ...["x begins", "x ends", "y begins", "y ends"],
    ]);
    expect(results.map(({ name }) => name)).toEqual(["b", "y", "a", "x"]);
    expect(results[0]).not.toHaveProperty("alone");
  });
});

describe("the report", () => {
  const result = (name: string, change: Partial<CheckResult> = {}): CheckResult => ({
    ...{ name, category: "services", target: "", expected: "an answer", covers: [] },
    ...{ status: "ok", milliseconds: 12, detail: "fine" },
    ...change,
  });
  const results = [
    result("disk", { category: "resources", target: "web1", threshold: "at most 90 %" }),
    result("bridge", { status: "failure", detail: 'said <"no"> & \u001b[1mleft', hint: "look" }),
    result("times", { status: "warning", detail: "slow", hint: "wait", threshold: "1 s" }),
  ];

  test("as text is a line for each check, then what to do, then the count", () => {
    expect(formatChecks(results).split("\n")).toEqual([
      "ok       resources  disk at web1  12 ms  fine",
      'FAILED   services   bridge        12 ms  said <"no"> & \u001b[1mleft',
      "warning  services   times         12 ms  slow",
      "bridge: expected: an answer",
      "  what to do: look",
      "times: expected: an answer (1 s)",
      "  what to do: wait",
      "3 checks: 1 ok, 1 warnings, 1 failed",
    ]);
  });

  test("as JUnit is well-formed: one case each, failures as failures, warnings told", () => {
    expect(junit("prod", results).split("\n")).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites tests="3" failures="1" time="0.036">',
      '  <testsuite name="hypha prod" tests="3" failures="1" errors="0" skipped="0" time="0.036">',
      '    <testcase classname="resources" name="disk at web1" time="0.012"><system-out>fine</system-out></testcase>',
      '    <testcase classname="services" name="bridge" time="0.012"><failure message="said &lt;&quot;no&quot;&gt; &amp; [1mleft">expected: an answer; what to do: look</failure></testcase>',
      '    <testcase classname="services" name="times" time="0.012"><system-out>warning: slow; what to do: wait</system-out></testcase>',
      "  </testsuite>",
      "</testsuites>",
      "",
    ]);
    expect(xmlText("a\u0000b\ud800c\nd")).toBe("abc&#10;d");
  });

  test("percentiles are of the nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([
      percentile(hundred, 0.5),
      percentile(hundred, 0.95),
      percentile([7], 0.95),
      percentile([], 0.5),
    ]).toEqual([50, 95, 7, 0]);
  });
});

const vps = { kind: "vps", address: "192.0.2.1", hostKey };
const config = parseConfig({
  hosts: {
    web1: { ...vps, roles: ["manager", "data", "edge", "app"] },
    web2: { ...vps, address: "192.0.2.2", roles: ["app"] },
  },
  edge: { domain: "chat.test" },
  mycelium: { source: { kind: "file", path: "x" } },
});
const node = (subnet: string) => ({ address: "400::1", subnet, publicKey: "" });
const outputs = {
  url: "https://chat.test",
  siteAddresses: ["192.0.2.1"],
  certificateAuthority: "",
  hosts: { web1: { dockerHost: "ssh://m@192.0.2.1:22", sshArgs: [] } },
  mycelium: { web1: node("400::/64"), web2: node("401::/64") },
  adminPassword: "p",
};

describe("what is covered", () => {
  const checks = allChecks("prod", config, outputs);
  const covered = new Set(checks.flatMap(({ covers }) => covers));

  test("at least 80 % of the stack's functions, each that is said to be, and the others have a reason", () => {
    const functions = Object.entries(stackFunctions);
    expect([...covered].sort()).toEqual(
      functions
        .filter(([, word]) => word === "checked")
        .map(([name]) => name)
        .sort(),
    );
    expect(covered.size / functions.length).toBeGreaterThanOrEqual(0.8);
    expect(functions.every(([, word]) => word.length > 5)).toBe(true);
  });

  test("every way in that the edge has, open or closed, is asked for", () => {
    // No more of a workload is looked at.
    const workload = { strategy: { kind: "rolling" } } as unknown as Workload;
    const part = { workload };
    const parts: ChatParts = { frontend: part, gateway: part, bridge: part, homeserver: part };
    const { routes, closed } = chatRoutes(parts);
    const chat = projectFile("components", "systems/chat.ts");
    const documents = [...chat.matchAll(/"(\/\.well-known[^"]+)"/g)].map(([, document = ""]) => document);
    const ways = [...routes.map(({ path }) => path), ...closed, ...documents];
    expect(ways.length).toBeGreaterThanOrEqual(8);
    const asked = [...smokeQuestions, ...furtherQuestions].map(({ path }) => path);
    expect(ways.filter((way) => !asked.some((path) => path.startsWith(way)))).toEqual([]);
  });

  test("every check and function stands in the documentation", () => {
    const text = readFileSync(join(__dirname, "..", "..", "docs", "validation.md"), "utf8").replace(
      /\s+/g,
      " ",
    );
    const names = checks.map(({ name }) => name.replace(/^response times of .*/, "response times"));
    expect([...names, ...Object.keys(stackFunctions)].filter((name) => !text.includes(name))).toEqual([]);
  });

  test("Mycelium is checked where there are nodes, its routing where they can reach each other", () => {
    const names = (more: object, change: object = {}) =>
      allChecks("prod", { ...config, ...more }, { ...outputs, ...change }).map(({ name }) => name);
    expect(names({}).filter((name) => name === "Mycelium routing")).toHaveLength(2);
    const alone = names({}, { mycelium: { web1: node("400::/64") } });
    expect(alone.filter((name) => name.startsWith("Mycelium"))).toEqual(["Mycelium node", "Mycelium peers"]);
    expect(names({}, { mycelium: {} }).join()).not.toContain("Mycelium");
    const sample = parseConfig({
      hosts: { web1: vps },
      edge: { domain: "chat.test" },
      mycelium: { source: { kind: "sample" } },
    });
    expect(names({ mycelium: sample.mycelium }).join()).not.toContain("routing");
  });
});

describe("what answers", () => {
  const judge = (name: string) => {
    const question = [...smokeQuestions, ...furtherQuestions].find((one) => one.name === name);
    return (status: number, body: string) => question?.judge({ status, body, headers: {}, milliseconds: 1 });
  };

  test.each([
    ["frontend", 200, "<!doctype html><HTML>", "plain"],
    ["bridge", 200, '{"connected_servers":0}', '{"status":"ok"}'],
    ["gateway", 200, '{"success":true}', "Mycelium gateway"],
    [
      "database",
      200,
      '{"success":false,"error":"Room not found"}',
      '{"success":false,"error":"Database error"}',
    ],
    ["homeserver", 200, '{"versions":["v1.1"]}', '{"versions":1}'],
    ["federation", 200, '{"server":{"name":"Synapse","version":"1"}}', '{"errcode":"M_UNRECOGNIZED"}'],
    ["server discovery", 200, '{"m.server":"a:443"}', "{}"],
  ])("is looked at, not only its status: %s", (name, status, right, wrong) => {
    expect(judge(name)(status, right)).toBe(true);
    expect(judge(name)(status, wrong)).toBe(false);
    expect(judge(name)(502, right)).toBe(false);
  });

  test.each([
    ["registration is closed", 403, 401],
    ["bridge takes no orders", 403, 200],
    ["bridge's routes stay inside", 404, 200],
    ["passwords go nowhere else", 404, 500],
  ])("is refused: %s", (name, right, wrong) => {
    expect([judge(name)(right, ""), judge(name)(wrong, "")]).toEqual([true, false]);
  });
});

test("the validation account follows from the administrator's password, and tells nothing of it", () => {
  const user = validationUser("secret");
  expect(user).toEqual(validationUser("secret"));
  expect(user.name).toMatch(/^hypha-validation-[0-9a-f]{8}$/);
  expect(user.password).toMatch(/^[0-9a-f]{64}$/);
  expect(validationUser("other")).not.toMatchObject({ name: user.name });
});
