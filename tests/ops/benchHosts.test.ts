import { criticalPath, needsOf } from "../../bench/lib/critical";
import { connectionAims, fleetAims, hostAims } from "../../bench/lib/hostAims";
import { busyShare, processorTimes } from "../../bench/lib/processors";
import { Row, Unit } from "../../bench/lib/rows";
import { busiest, sshdLoad } from "../../bench/lib/sshd";

function row(group: string, name: string, value: number, unit: Unit = "s"): Row {
  return { group, name, unit, values: [value] };
}

describe("what an sshd saw", () => {
  const from = (port: number) => `10.0.0.9 port ${port}`;
  const connection = (port: number) => `Connection from ${from(port)} on 10.0.0.1 port 22 rdomain ""`;
  const accepted = (port: number) => `Accepted publickey for root from ${from(port)} ssh2: ED25519 SHA256:x`;
  const opened = (port: number, id = 0) => `Starting session: command for root from ${from(port)} id ${id}`;
  const closed = (port: number, id = 0) => `Close session: user root from ${from(port)} id ${id}`;
  const gone = (port: number) => `Disconnected from user root ${from(port)}`;

  test("logins, sessions, and the most of each at one time", () => {
    const log = [
      ...[connection(1), connection(2), accepted(1), connection(3), accepted(2), accepted(3)],
      ...[opened(1), opened(1, 1), opened(2), closed(1), gone(2), opened(1, 2), closed(1, 1), closed(1, 2)],
      ...[gone(1), gone(3), connection(1), accepted(1), opened(1), closed(1), gone(1)],
    ];
    expect(sshdLoad(log.join("\n"))).toEqual({
      connections: 4,
      sessions: 5,
      refused: 0,
      atOnce: { connections: 3, notLoggedIn: 2, sessions: 3, sessionsOnOneConnection: 2 },
    });
  });

  test("one that went away before it logged in waits no more; refusals are counted", () => {
    const log = [
      connection(1),
      `Connection closed by ${from(1)} [preauth]`,
      connection(2),
      `Connection reset by authenticating user root ${from(2)} [preauth]`,
      connection(3),
      `Timeout before authentication for ${from(3)}`,
      "drop connection #10 from [10.0.0.9]:4 on [10.0.0.1]:22 past MaxStartups",
      "error: no more sessions",
    ];
    const load = sshdLoad(log.join("\n"));
    expect(load).toMatchObject({ connections: 0, refused: 2, atOnce: { notLoggedIn: 1 } });
  });

  test("what happened to connections from before is none of it", () => {
    expect(sshdLoad([accepted(1), opened(1), closed(1), gone(1)].join("\n"))).toEqual(busiest([]));
  });

  test("of several servers each figure is the greatest", () => {
    const many = sshdLoad([connection(1), connection(2)].join("\n"));
    const busy = sshdLoad([connection(1), accepted(1), opened(1)].join("\n"));
    expect(busiest([many, busy])).toMatchObject({
      connections: 1,
      sessions: 1,
      atOnce: { connections: 2, notLoggedIn: 2, sessions: 1 },
    });
  });
});

describe("the critical path", () => {
  const urn = (name: string) => `urn:pulumi:s::p::t::${name}`;
  const span = (name: string, seconds: number) => ({ urn: urn(name), start: 0, end: seconds });
  const graph = (edges: Record<string, string[]>) =>
    new Map(Object.entries(edges).map(([name, needs]) => [urn(name), needs.map(urn)]));

  test("is the chain that takes longest together, whatever took longest alone", () => {
    const spans = [span("a", 2), span("b", 3), span("c", 4), span("alone", 8)];
    const path = criticalPath(spans, graph({ a: [], b: ["a"], c: ["a", "b"], alone: [] }));
    expect(path).toEqual({
      seconds: 9,
      steps: [
        ["a", 2],
        ["b", 3],
        ["c", 4],
      ],
    });
  });

  test("a component lasts as long as what is in it, and is on no path", () => {
    expect(criticalPath([span("a", 2), span("stack", 9)], graph({ a: [] })).seconds).toBe(2);
  });

  test("goes through what was not worked on, and ends in a broken state too", () => {
    expect(
      criticalPath([span("a", 2), span("c", 1)], graph({ a: [], c: ["provider"], provider: ["a"] })).seconds,
    ).toBe(3);
    expect(criticalPath([span("a", 2), span("b", 1)], graph({ a: ["b"], b: ["a"] })).seconds).toBe(3);
    expect(criticalPath([], new Map())).toEqual({ seconds: 0, steps: [] });
  });

  test("a resource waits for what the state says and for its provider", () => {
    const state = {
      deployment: {
        resources: [
          { urn: urn("stack"), custom: false },
          { urn: urn("a"), custom: true, provider: `${urn("p")}::id`, dependencies: [urn("b")] },
          { urn: urn("b"), custom: true },
        ],
      },
    };
    expect([...needsOf(JSON.stringify(state))]).toEqual([
      [urn("a"), [urn("b"), urn("p")]],
      [urn("b"), []],
    ]);
    expect(needsOf('{"deployment":{}}').size).toBe(0);
  });
});

test("processors are busy for the share of their time that was not idle", () => {
  const cpu = (user: number, idle: number) => ({ times: { user, nice: 0, sys: 0, idle, irq: 0 } });
  const before = processorTimes([cpu(100, 100), cpu(0, 200)]);
  const after = processorTimes([cpu(250, 150), cpu(50, 350)]);
  expect(busyShare(before, after)).toBeCloseTo(0.5);
  expect(busyShare(before, before)).toBe(0);
});

describe("aims of the hosts", () => {
  const figures = (latency: string, cold: number): Row[] => [
    row("hosts", `hypha, 1 host${latency}, cold`, 10),
    row("hosts", `hypha, 8 hosts${latency}, cold`, cold),
    row("hosts", `hypha, 8 hosts${latency}, no-op`, 2),
    row("hosts", `doctor, 8 hosts${latency}, no-op`, 3),
    row("hosts", `pyinfra, 8 hosts${latency}, cold`, 16),
    row("hosts", `pyinfra, 8 hosts${latency}, no-op`, 3),
    row("hosts", `ansible, 8 hosts${latency}, cold`, 17),
    row("hosts", `hypha, 8 hosts${latency}, cold: not logged in at once`, 10, "connections"),
  ];
  const met = (rows: Row[]) => hostAims(rows).map((one) => one.met);

  test("the most hosts are set against one, and against the other tools", () => {
    expect(met(figures("", 16))).toEqual([true, true, true, true, true, true, true]);
    expect(met(figures("", 16.1))).toEqual([true, false, false, true, true, true, true]);
    expect(met(figures("", 21))).toEqual([false, false, false, false, true, true, true]);
  });

  test("too few hosts cannot take a fifth of one after another: that is not asked of them", () => {
    const four = figures("", 16).map((one) => ({ ...one, name: one.name.replace("8 hosts", "4 hosts") }));
    expect(hostAims(four).map(({ name }) => name)).not.toContain("cold, 4 hosts / one after another");
    expect(four).toHaveLength(8);
  });

  test("with latency apart from without", () => {
    const all = hostAims([...figures("", 16), ...figures(" +50 ms", 21)]);
    expect(all.map((one) => one.met)).toEqual([
      ...[true, true, true, true, true, true, true],
      ...[false, false, false, false, true, true, true],
    ]);
    expect(all[0]).toMatchObject({ name: "cold, 8 hosts / 1 host", shown: "16.00 s / 10.00 s" });
    expect(all[8]).toMatchObject({ name: "cold, 8 hosts +50 ms / one after another", aim: "≤ 0.2" });
  });

  test("nothing measured gives no line; one figure missing, no verdict on it", () => {
    expect(hostAims([])).toEqual([]);
    expect(met(figures("", 16).filter(({ name }) => !name.startsWith("doctor")))[5]).toBeUndefined();
  });
});

test("a whole stack's first deployment leaves sshd room for those that are not logged in yet", () => {
  const pending = (value: number) => [
    row("connections", "cold up: not logged in at once", value, "connections"),
  ];
  expect(connectionAims(pending(10))).toMatchObject([
    { met: true, shown: "10 connections / 10 connections" },
  ]);
  expect(connectionAims(pending(11))).toMatchObject([{ met: false }]);
  expect(connectionAims([])).toEqual([]);
});

describe("aims of a growing plan", () => {
  const figures = (seconds: number[], memory: number): Row[] => [
    ...[2, 10, 100].map((size, index) => row("fleet", `preview of ${size} hosts`, seconds[index] ?? 0)),
    row("fleet", "preview of 100 hosts: memory", memory, "MiB"),
  ];
  const met = (rows: Row[]) => fleetAims(rows).map((one) => one.met);

  test("the largest has a limit of time and memory, and none grows faster than its hosts", () => {
    expect(met(figures([1, 5, 30], 1024))).toEqual([true, true, true, true]);
    expect(met(figures([1, 5.1, 31], 1025))).toEqual([false, false, false, true]);
    expect(met(figures([1, 2, 20.1], 900))).toEqual([true, true, true, false]);
    expect(fleetAims([])).toEqual([]);
  });
});
