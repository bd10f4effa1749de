import { formatStatus, parseServices } from "../../ops/lib/services";
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

  test("shows each service with its wanted tasks and, per slot, the last one that failed", () => {
    expect(formatStatus(parseServices(listed, tasks)).split("\n")).toEqual([
      "SERVICE               RUNNING  IMAGE           STATE",
      "hypha-dev-bridge      1/2      hypha/bridge:2  NOT AS WANTED",
      "  hypha-dev-bridge.1           vps1            Running 2 minutes ago",
      "  hypha-dev-bridge.2           vps1            Ready 1 second ago",
      "  hypha-dev-bridge.2           vps1            Failed 3 seconds ago: task: non-zero exit (1)",
      "hypha-dev-edge        1/1      hypha/edge:1    ok",
      "  hypha-dev-edge.1             vps1            Running 5 minutes ago",
    ]);
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
