import { parseConfig } from "../../../components/config/load";
import { hostKey, local, problemsOf } from "../../support/config";

const server = (address: string, ...roles: string[]) => ({ kind: "vps", address, hostKey, roles });
const fleet = (last: string[], observability?: object) =>
  local({
    hosts: { a: server("192.0.2.1", "manager", "data", "edge", "app"), b: server("192.0.2.2", ...last) },
    ...(observability === undefined ? {} : { observability }),
  });

test("everything has a default, and without the section there is nothing", () => {
  expect(parseConfig(local()).observability).toBeUndefined();
  expect(parseConfig(local({ observability: {} })).observability).toEqual({
    scrapeSeconds: 15,
    retention: { days: 30 },
    keepData: true,
    alerts: { receivers: {}, repeatHours: { critical: 1, other: 12 }, runbooks: "docs/runbooks.md" },
    exporters: {
      ...{ node: true, containers: true, postgres: true, nginx: true },
      ...{ synapse: true, bridge: true, mycelium: true, blackbox: true },
    },
  });
});

test("the host with the role watches, or else the one with the data", () => {
  const roles = (last: string[], observability?: object) =>
    Object.values(parseConfig(fleet(last, observability)).hosts).map((host) => host.roles.join());
  expect(roles(["app"])).toEqual(["manager,data,edge,app", "app"]);
  expect(roles(["app"], {})).toEqual(["manager,data,edge,app,observe", "app"]);
  expect(roles(["observe"], {})).toEqual(["manager,data,edge,app", "observe"]);
});

test("one host watches, and only where something is to be watched", () => {
  expect(problemsOf(fleet(["observe"]))).toEqual([
    "hypha:hosts.b.roles: has the role observe, and there is no section hypha:observability; fix: add the section (it may be empty: {}), or take the role away",
  ]);
  const both = fleet(["observe"], {});
  const hosts = both["hosts"] as Record<string, { roles: string[] }>;
  hosts["a"]?.roles.push("observe");
  expect(problemsOf(both)).toEqual([
    "hypha:hosts: has 2 hosts with the role observe (a, b), and the figures live on one; fix: give it to one of them",
  ]);
});

test.each([
  [{ scrapeSeconds: 4 }, /^hypha:observability\.scrapeSeconds: /],
  [{ retention: { diskMiB: 100 } }, /^hypha:observability\.retention\.diskMiB: /],
  [{ exporters: { nod: false } }, /did you mean node\?/],
])("%j is refused", (observability, problem) => {
  const problems = problemsOf(local({ observability }));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(problem);
});
