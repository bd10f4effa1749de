import { deploymentOf, EngineEvent, failuresOf, formatFailures, parseEvents } from "../../ops/lib/deployment";

const urn = (name: string, type = "command:remote:Command") => `urn:pulumi:prod::hypha::${type}::${name}`;
const hosts = { web1: "192.0.2.1", web2: "192.0.2.2", "web2-b": "192.0.2.3" };
const docker = (host: string) => `${urn(`${host}-docker`, "pulumi:providers:docker")}::b7c1`;

const error = (message: string, of?: string): EngineEvent => ({
  timestamp: 5,
  diagnosticEvent: { severity: "error", message, ...(of === undefined ? {} : { urn: of }) },
});
const failed = (of: string, more: object = {}): EngineEvent => ({
  timestamp: 5,
  resOpFailedEvent: { metadata: { op: "create", urn: of, ...more } },
});
const step = (op: string, of = urn("x"), timestamp = 5): EngineEvent => ({
  timestamp,
  resourcePreEvent: { metadata: { op, urn: of } },
});
const summary = (result: string): EngineEvent => ({
  timestamp: 9,
  summaryEvent: { result, durationSeconds: 8 },
});

describe("what a deployment was", () => {
  const config = { "hypha:edge": "{}" };
  const prelude: EngineEvent = { timestamp: 1_700_000_000, preludeEvent: { config } };

  test("when it began, how long it took, how it ended, and what was done; unchanged resources do not count", () => {
    const events = [
      prelude,
      step("same"),
      step("create"),
      step("create"),
      step("update"),
      summary("succeeded"),
    ];
    const last = { timestamp: 1_700_000_042 };
    expect(deploymentOf([...events, last])).toEqual({
      config,
      began: new Date("2023-11-14T22:13:20Z"),
      seconds: 42,
      result: "succeeded",
      changes: { create: 2, update: 1 },
    });
  });

  test("nothing touched is no change; a log that ends early is of an interrupted one; none is no deployment", () => {
    expect(deploymentOf([prelude, step("same"), step("read"), summary("succeeded")])).toMatchObject({
      changes: {},
    });
    expect(deploymentOf([prelude, summary("failed")])?.result).toBe("failed");
    expect(deploymentOf([prelude, step("create")])?.result).toBe("interrupted");
    expect(deploymentOf([])).toBeUndefined();
  });

  test("a last line cut short is left out", () => {
    expect(parseEvents('{"timestamp":1}\n{"timestamp":2}\n{"timest')).toEqual([
      { timestamp: 1 },
      { timestamp: 2 },
    ]);
  });
});

describe("what failed", () => {
  test("a script's own words: its last lines, its hint, without the command", () => {
    const lines = Array.from({ length: 12 }, (_, n) => `web1: line ${n}`).join("\n");
    const message = `Process exited with status 1: running "sudo -n bash -s -- up":\n${lines}\nweb1: what to do: mend it\n\n`;
    const [failure] = failuresOf([error(message, urn("web1-prepare")), failed(urn("web1-prepare"))], hosts);
    expect(failure).toEqual({
      host: "web1",
      step: "web1-prepare",
      lines: Array.from({ length: 10 }, (_, n) => `web1: line ${n + 2}`),
      hint: "mend it",
    });
  });

  test("several, each with what the program says beside it; what follows from them is left out", () => {
    const events = [
      error("web2 (root@192.0.2.2:22): the server cannot be reached; what to do: check that it runs\n"),
      error("after 10 failed attempts: dial tcp 192.0.2.2:22: connection refused\n", urn("web2-preflight")),
      failed(urn("web2-preflight")),
      error(
        "hypha-prod-bridge on web1: bridge.1 Failed: task: non-zero exit (1)\nlast log lines:\nno route\n",
      ),
      error("service rollback completed", urn("bridge-service", "docker:index/service:Service")),
      failed(urn("bridge-service", "docker:index/service:Service"), { provider: docker("web1") }),
      error("Error: resource web2-preflight [command:remote:Command] failed to register\n    at x.ts:1:2\n"),
      error('Error: error serializing property "outputs": resource web2-preflight failed to register\n'),
    ];
    expect(failuresOf(events, hosts)).toEqual([
      {
        host: "web2",
        step: "web2-preflight",
        lines: [
          "web2 (root@192.0.2.2:22): the server cannot be reached",
          "after 10 failed attempts: dial tcp 192.0.2.2:22: connection refused",
        ],
        hint: "check that it runs",
      },
      {
        host: "web1",
        step: "bridge-service",
        lines: [
          "hypha-prod-bridge on web1: bridge.1 Failed: task: non-zero exit (1)",
          "last log lines:",
          "no route",
          "service rollback completed",
        ],
        cause: expect.stringContaining("ended by itself") as string,
        hint: undefined,
      },
    ]);
  });

  test("of a service all the evidence is shown, before what its provider says, however long it is", () => {
    const of = urn("bridge-service", "docker:index/service:Service");
    const log = Array.from({ length: 20 }, () => "the same line");
    const told = [
      "hypha-prod-bridge on web1: bridge.1 Failed: task: non-zero exit (1)",
      "last log lines:",
      ...log,
    ];
    const provider =
      "  sdk-v2/provider2.go:571: sdk.helper_schema: service rollback completed: provider=docker@5.2.0\n" +
      "1 error occurred:\n\t* updating urn:pulumi:x::y$z::bridge-service: 1 error occurred:\n\t* service rollback completed\n";
    const events = [error(provider, of), error(told.join("\n")), failed(of)];
    expect(failuresOf(events, hosts)[0]?.lines).toEqual([...told, "service rollback completed"]);
  });

  test.each([
    ["the longest host in the name", urn("web2-b-prepare"), {}, "web2-b"],
    ["a host in the middle of the name", urn("cluster-web1-join"), {}, "web1"],
    [
      "the address it connects to",
      urn("cluster-init"),
      { new: { inputs: { connection: { host: "192.0.2.3" } } } },
      "web2-b",
    ],
    [
      "its Docker provider",
      urn("cluster-network", "docker:index/network:Network"),
      { provider: docker("web1") },
      "web1",
    ],
    [
      "nothing that tells",
      urn("certificate-key", "tls:index/privateKey:PrivateKey"),
      { new: null },
      undefined,
    ],
  ])("the host is told by %s", (_, of, more, host) => {
    expect(failuresOf([failed(of, more)], hosts)).toMatchObject([{ host }]);
  });

  test("an error of no step is the program's, in its own words", () => {
    const message =
      "the configuration of this stack has 1 problem:\n  hypha:hosts: is missing; fix: add it\n";
    expect(failuresOf([error(message)], {})).toEqual([
      {
        host: undefined,
        step: "program",
        lines: ["the configuration of this stack has 1 problem:", "  hypha:hosts: is missing; fix: add it"],
        hint: undefined,
      },
    ]);
  });

  test("what a step complained of before it was done in the end is no failure", () => {
    const service = urn("web-service", "docker:index/service:Service");
    const made: EngineEvent = { timestamp: 6, resOutputsEvent: { metadata: { op: "create", urn: service } } };
    expect(failuresOf([error("exists already", service), made], hosts)).toEqual([]);
    expect(failuresOf([error("exists already", service)], hosts)).toHaveLength(1);
    const stack = urn("hypha-prod", "pulumi:pulumi:Stack");
    const ended: EngineEvent = { timestamp: 6, resOutputsEvent: { metadata: { op: "same", urn: stack } } };
    expect(failuresOf([error("the program broke", stack), ended], hosts)).toHaveLength(1);
  });

  test("warnings and progress are no failures", () => {
    const info = (severity: string): EngineEvent => ({
      timestamp: 1,
      diagnosticEvent: { severity, message: "x" },
    });
    expect(failuresOf([info("info"), info("warning"), info("debug"), info("info#err")], hosts)).toEqual([]);
  });

  test("colours of others are dropped, our own are for a terminal only", () => {
    const events = [error("<{%fg 1%}>bad<{%reset%}> \u001b[31mred\u001b[0m", urn("x")), failed(urn("x"))];
    const failures = failuresOf(events, hosts);
    expect(formatFailures(failures, false)).toBe(
      "1 step failed. What does not depend on it was done; make up goes on from there.\nx\n  bad red",
    );
    const block = {
      host: "web1",
      step: "web1-prepare",
      cause: "it is full",
      lines: ["no disk"],
      hint: "add one",
    };
    expect(formatFailures([block, ...failures], true)).toBe(
      "2 steps failed. What does not depend on them was done; make up goes on from there.\n" +
        "\u001b[31mweb1: web1-prepare\u001b[0m\n  likely cause: it is full\n  no disk\n  what to do: add one\n\u001b[31mx\u001b[0m\n  bad red",
    );
  });
});
