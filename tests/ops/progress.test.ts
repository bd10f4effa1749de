import { EngineEvent } from "../../ops/lib/deployment";
import { lines, liveTable, UpdateState } from "../../ops/lib/progress";

const hosts = { web1: "192.0.2.1", db: "192.0.2.2" };
const urn = (type: string, name: string) => `urn:pulumi:prod::hypha::hypha:systems:Chat$${type}::${name}`;
const command = (name: string) => urn("command:remote:Command", name);
const begin = (name: string, op = "create"): EngineEvent => ({
  timestamp: 1,
  resourcePreEvent: { metadata: { urn: name, op } },
});
const done = (name: string, op = "create"): EngineEvent => ({
  timestamp: 2,
  resOutputsEvent: { metadata: { urn: name, op } },
});
const failed = (name: string): EngineEvent => ({
  timestamp: 2,
  resOpFailedEvent: { metadata: { urn: name, op: "update" } },
});
const said = (message: string, more: object = {}): EngineEvent => ({
  timestamp: 2,
  diagnosticEvent: { severity: "info", message, ...more },
});

/** A clock that the test turns. */
function clocked() {
  let now = 0;
  return { state: new UpdateState(hosts, () => now), pass: (seconds: number) => (now += seconds * 1000) };
}

function logged(events: (EngineEvent | number)[]): string[] {
  const { state, pass } = clocked();
  const out: string[] = [];
  const progress = lines(
    state,
    (line) => out.push(line),
    () => new Date("2026-01-02T03:04:05.678Z"),
  );
  for (const one of events) {
    if (typeof one === "number") pass(one);
    else progress.event(one);
  }
  progress.end();
  return out.map((line) => line.replace("2026-01-02T03:04:05Z ", ""));
}

test("a line for each step, with time, level, host, resource and seconds", () => {
  const out: string[] = [];
  const progress = lines(
    new UpdateState(hosts),
    (line) => out.push(line),
    () => new Date("2026-01-02T03:04:05.678Z"),
  );
  progress.event(begin(command("web1-prepare")));
  expect(out).toEqual(["2026-01-02T03:04:05Z info  web1: web1-prepare creating"]);
  expect(logged([begin(command("web1-prepare")), 12, done(command("web1-prepare"))])).toEqual([
    "info  web1: web1-prepare creating",
    "info  web1: web1-prepare created (12 s)",
    "info  1 created",
  ]);
});

test("what belongs to no host is of all; what fails is an error; what is unchanged or no work is not told", () => {
  const service = urn("docker:index/service:Service", "gateway-service");
  const component = urn("hypha:swarm:Workload", "gateway");
  expect(
    logged([
      begin(component),
      begin(service, "update"),
      begin(command("db-prepare"), "same"),
      3,
      failed(service),
      done(component),
    ]),
  ).toEqual([
    "info  all: gateway-service updating",
    "error all: gateway-service FAILED (3 s)",
    "info  nothing was changed",
  ]);
});

test("what is said stands with who said it; what is true for a moment only does not", () => {
  const build = command("web1-gateway-image-build");
  expect(
    logged([
      begin(build),
      said("<{%fg 3%}>Step 1/4\nStep 2/4<{%reset%}>\n", { urn: build }),
      said("40 of 80 MiB", { urn: build, ephemeral: true }),
      said("web1 has 2 CPUs\n", { severity: "warning" }),
      said("detail", { severity: "debug" }),
    ]),
  ).toEqual([
    "info  web1: web1-gateway-image-build creating",
    "info  web1: web1-gateway-image-build: Step 1/4",
    "info  web1: web1-gateway-image-build: Step 2/4",
    "warn  web1 has 2 CPUs",
    "info  nothing was changed",
  ]);
});

describe("on a terminal", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const escape = "\u001b";
  /** What a terminal shows in the end: the sequences that liveTable() uses, acted out. */
  function shown(text: string): string[] {
    let all: string[] = [""];
    const parts = text.split(new RegExp(`(${escape}\\[\\d+A\r${escape}\\[J|\n)`));
    for (const part of parts) {
      const up = new RegExp(`^${escape}\\[(\\d+)A`).exec(part)?.[1];
      if (up !== undefined) all = [...all.slice(0, all.length - 1 - Number(up)), ""];
      else if (part === "\n") all.push("");
      else all.push(`${all.pop() ?? ""}${part}`);
    }
    return all;
  }

  function terminal(columns: number, rows: number, colour = false) {
    const { state, pass } = clocked();
    let text = "";
    const screen = { columns, rows, write: (more: string) => (text += more) };
    return { progress: liveTable(state, screen, colour), pass, screen: () => shown(text), raw: () => text };
  }

  test("a row for each host, drawn in place; failures stay above, the sum below", () => {
    const { progress, pass, screen } = terminal(100, 24);
    progress.event(begin(command("web1-prepare")));
    progress.event(begin(command("db-prepare")));
    progress.event(begin(command("db-image-build")));
    progress.event(said("Step 3/4", { urn: command("web1-prepare") }));
    pass(7);
    jest.advanceTimersByTime(1100);
    expect(screen()).toEqual([
      "HOST  DONE    NOW",
      "db    0       db-prepare creating 7 s, and 1 more",
      "web1  0       web1-prepare creating 7 s: Step 3/4",
      "",
    ]);
    progress.event(done(command("web1-prepare")));
    progress.event(failed(command("db-prepare")));
    progress.event(done(command("db-image-build")));
    progress.end();
    expect(screen()).toEqual([
      "db: db-prepare FAILED after 7 s",
      "HOST  DONE            NOW",
      "db    1     1 FAILED",
      "web1  1",
      "2 created",
      "",
    ]);
    jest.advanceTimersByTime(5000);
    expect(screen()).toHaveLength(6);
  });

  test("no row is longer than the terminal, and there are no more of them", () => {
    const { progress, screen } = terminal(30, 4);
    for (const name of ["db-prepare", "web1-prepare-with-a-long-name", "x1", "cluster-network"]) {
      progress.event(begin(command(name)));
    }
    jest.advanceTimersByTime(600);
    expect(screen().every((line) => line.length < 30)).toBe(true);
    expect(screen().length - 1).toBeLessThanOrEqual(3);
  });

  test("colours are only there where they are wanted", () => {
    const without = terminal(80, 24);
    const coloured = terminal(80, 24, true);
    for (const { progress } of [without, coloured]) {
      progress.event(begin(command("db-prepare"), "update"));
      progress.event(failed(command("db-prepare")));
      progress.end();
    }
    const codes = new RegExp(`${escape}\\[\\d+m`);
    expect(without.raw()).not.toMatch(codes);
    expect(coloured.raw()).toMatch(codes);
  });
});
