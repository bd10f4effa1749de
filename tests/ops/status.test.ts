import { stripVTControlCharacters } from "node:util";
import { Deployed } from "../../ops/lib/history";
import { parseRunning, Running } from "../../ops/lib/running";
import { parseServices } from "../../ops/lib/services";
import { componentsNow, formatComponents, formatDeployment, formatLock } from "../../ops/lib/status";
import { countArgument, parseArguments } from "../../ops/lib/tool";

const line = (row: Record<string, string>): string => `${JSON.stringify(row)}\n`;
const task = (name: string, wanted: string, state: string, error = ""): string =>
  line({ Name: name, Node: "vps1", CurrentState: state, DesiredState: wanted, Error: error });

describe("status", () => {
  const listed =
    line({ Name: "hypha-dev-edge", Image: "hypha/edge:1", Replicas: "1/1" }) +
    line({ Name: "hypha-dev-bridge", Image: "hypha/bridge:2", Replicas: "1/2 (max 1 per node)" });
  const tasks =
    task("hypha-dev-bridge.1", "Running", "Running 2 minutes ago") +
    task("hypha-dev-bridge.2", "Ready", "Ready 1 second ago") +
    task("hypha-dev-bridge.2", "Shutdown", "Failed 3 seconds ago", "task: non-zero exit (1)") +
    task("hypha-dev-bridge.2", "Shutdown", "Failed 9 seconds ago", "task: an older one") +
    task("hypha-dev-edge.1", "Running", "Running 5 minutes ago") +
    task("hypha-dev-edge.1", "Shutdown", "Shutdown 6 minutes ago");

  const id = (digit: string) => `sha256:${digit.repeat(64)}`;
  const runs = (component: string, host: string, more: Partial<Running> = {}): Running => ({
    component,
    host,
    version: "hypha/bridge:2",
    id: id("b"),
    health: "healthy",
    since: "2026-01-01T10:00:00.5Z",
    ...more,
  });
  const images = {
    bridge: { reference: "hypha/bridge:2", id: id("b") },
    edge: { reference: "hypha/edge:1", id: id("e") },
  };
  const edge = runs("hypha-dev-edge", "vps1", { version: "hypha/edge:1", id: id("e") });
  const bridge = (more: Partial<Running> = {}) => runs("hypha-dev-bridge", "vps1", more);
  const now = (...running: Running[]) => componentsNow("dev", parseServices(listed, tasks), running, images);

  test("shows each component: replicas, versions, health, since when, where something is amiss its tasks and, per slot, the last that failed", () => {
    expect(formatComponents(now(bridge(), edge)).split("\n")).toEqual([
      "COMPONENT         RUNNING  ON    WANTED                 VERSION    HEALTH   SINCE                 STATE",
      "hypha-dev-bridge  1/2      vps1  bridge:2 bbbbbbbbbbbb  as wanted  healthy  2026-01-01T10:00:00Z  NOT AS WANTED: 1 of 2 run",
      "  hypha-dev-bridge.1  vps1  Running 2 minutes ago",
      "  hypha-dev-bridge.2  vps1  Ready 1 second ago",
      "  hypha-dev-bridge.2  vps1  Failed 3 seconds ago: task: non-zero exit (1)",
      "hypha-dev-edge    1/1      vps1  edge:1 eeeeeeeeeeee    as wanted  healthy  2026-01-01T10:00:00Z  ok",
    ]);
  });

  test("another image than the stack's last, an unhealthy container and the newest start are told", () => {
    const [one] = now(
      bridge(),
      bridge({ id: id("c"), version: "hypha/bridge:1", health: "unhealthy", since: "2026-01-02T10:00:00Z" }),
    );
    expect(one).toMatchObject({
      health: "1 of 2 healthy",
      since: "2026-01-02T10:00:00Z",
      problems: ["1 of 2 run", "another version runs", "unhealthy"],
    });
    expect(formatComponents([...(one === undefined ? [] : [{ ...one, tasks: [] }])])).toContain(
      "  bridge:1 cccccccccccc  ",
    );
    expect(now()[1]).toMatchObject({ health: "", since: "", problems: [] });
  });

  test("a service that the outputs do not know is compared by its reference", () => {
    const other = componentsNow("dev", parseServices(listed, tasks), [bridge(), edge], {});
    expect(other.map(({ wanted, problems }) => [wanted, problems])).toEqual([
      [{ version: "hypha/bridge:2" }, ["1 of 2 run"]],
      [{ version: "hypha/edge:1" }, []],
    ]);
  });

  test("a service that is gone is told, one that is a set of its own is not", () => {
    const set = line({ Name: "hypha-dev-bridge-service-1a2b3c4", Image: "hypha/bridge:2", Replicas: "1/1" });
    const seen = componentsNow("dev", parseServices(set, ""), [], images);
    expect(seen.map(({ name, wanted, problems }) => [name, wanted, problems])).toEqual([
      ["hypha-dev-bridge-service-1a2b3c4", { version: "hypha/bridge:2", id: id("b") }, []],
      ["hypha-dev-edge", { version: "hypha/edge:1", id: id("e") }, ["the service is not there"]],
    ]);
    expect(formatComponents(seen)).toMatch(
      /^hypha-dev-edge +0\/1 +edge:1 eeeeeeeeeeee +NOT AS WANTED: the service is not there$/m,
    );
  });

  test("a Mycelium node is a component of its host, by what systemd says of it", () => {
    const programs = { "web1-mycelium": "0123456789ab", "web2-mycelium": "0123456789ab" };
    const node = parseRunning(
      "web1",
      '{"component":"x","version":"v","id":"i","health":"","since":"2026-01-01T00:00:00Z"}\n' +
        "ActiveState=active\nActiveEnterTimestamp=Thu 2026-01-01 10:00:00 UTC\n" +
        "ExecStart={ path=/usr/local/lib/hypha/mycelium-0123456789ab ; argv[]=/usr/local/lib/hypha/mycelium-0123456789ab --config-file x ; }\n",
    );
    expect(componentsNow("dev", [], node, {}, programs)).toMatchObject([
      {
        ...{ name: "web1-mycelium", kind: "unit", replicas: { running: 1, wanted: 1 }, health: "active" },
        ...{ since: "2026-01-01T10:00:00.000Z", problems: [] },
      },
      { name: "web2-mycelium", replicas: { running: 0, wanted: 1 }, problems: ["0 of 1 run"] },
    ]);
    expect(parseRunning("web1", "ActiveState=inactive\nActiveEnterTimestamp=\n")).toEqual([]);
  });

  test("colours are for a terminal only", () => {
    const plain = formatComponents(now(bridge(), edge));
    expect(plain).not.toContain("\u001b");
    const coloured = formatComponents(now(bridge(), edge), true);
    expect(coloured).toContain("\u001b[31mNOT AS WANTED: 1 of 2 run\u001b[0m");
    expect(coloured).toContain("\u001b[32mok\u001b[0m");
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });

  test("the last deployment and the lock are a line each", () => {
    const last = {
      ...{ version: 7, kind: "update", result: "succeeded", began: "2026-01-01T10:00:00.000Z", seconds: 3 },
      ...{ message: "", commit: "a".repeat(40), dirty: true, author: "Ann <a@x>", config: {}, changes: {} },
    };
    const record = {
      deployer: { user: "op", machine: "desk" },
      redeployOf: 3,
      validation: { ok: false, checks: "quick", failed: ["gateway: status 502"] },
    } as Deployed["record"];
    expect(formatDeployment(undefined)).toBe("last deployment: none is known");
    expect(formatDeployment(last)).toBe(
      "last deployment: version 7, 2026-01-01T10:00:00Z, by Ann <a@x>, commit aaaaaaaaaaaa-dirty: succeeded",
    );
    expect(formatDeployment({ ...last, record })).toBe(
      "last deployment: version 7, back to version 3, 2026-01-01T10:00:00Z, by op@desk, commit aaaaaaaaaaaa-dirty: " +
        "succeeded, its tests FAILED: gateway: status 502",
    );
    expect(formatLock({})).toBe("lock: free");
    expect(formatLock({ problem: "not known: web1 is down" })).toBe("lock: not known: web1 is down");
    const owner = { who: "ann@desk", pid: 12, since: "2026-01-02T03:04:05Z", commit: "abc", what: "up" };
    expect(formatLock({ owner })).toBe(
      "lock: held: up by ann@desk (process 12) since 2026-01-02T03:04:05Z, commit abc",
    );
  });

  test("a task belongs to the service of its whole name only", () => {
    const [service] = parseServices(
      line({ Name: "hypha-dev-edge", Replicas: "1/1" }),
      task("hypha-dev-edge-cache.1", "Running", "Running"),
    );
    expect(service?.tasks).toEqual([]);
  });
});

describe("arguments", () => {
  const known = { flags: ["--json"], values: ["--lines"] };

  test("are read in any order", () => {
    const { flags, values } = parseArguments(["--lines", "5", "--json"], known);
    expect([...flags]).toEqual(["--json"]);
    expect([...values]).toEqual([["--lines", "5"]]);
  });

  test("that are unknown or lack their value are refused by name", () => {
    expect(() => parseArguments(["--jsn"], known)).toThrow("unknown argument --jsn");
    expect(() => parseArguments(["--lines"], known)).toThrow("--lines needs a value");
  });

  test("a count is a number from 1", () => {
    expect(countArgument(new Map(), "--lines", 20)).toBe(20);
    expect(countArgument(new Map([["--lines", "5"]]), "--lines", 20)).toBe(5);
    for (const wrong of ["0", "-1", "5; id", "", "1e9"]) {
      expect(() => countArgument(new Map([["--lines", wrong]]), "--lines", 20)).toThrow(
        "give a number from 1",
      );
    }
  });
});
