import { readFileSync } from "node:fs";
import { join } from "node:path";
import { groups } from "../../../components/observability/rules/groups";
import type { GroupName } from "../../../components/observability/rules/groups";
import { renderRules } from "../../../components/observability/rules/render";
import { severities } from "../../../components/observability/rules/rule";
import type { Group, RuleSettings } from "../../../components/observability/rules/rule";
import { withTool } from "../../support/tools";
import { cases } from "./alerts/all";
import type { Cases } from "./alerts/case";
import { unknownIn } from "./metrics";
import { selectors } from "./promql";
import { promtoolFiles, runOn } from "./promtool";

const settings: RuleSettings = {
  jobs: ["node", "redis"],
  edgeConnections: 1000,
  postgresConnections: 103,
  bridgeUsesMycelium: true,
  runbooks: "https://example.org/docs/runbooks.md",
};
const all = Object.entries(groups(settings)) as [GroupName, Group][];
function casesOf(group: GroupName, name: string): Cases {
  const found = cases[group][name];
  if (found === undefined) throw new Error(`no cases for ${name}`);
  return found;
}
const alerts = all.flatMap(([group, own]) =>
  Object.entries(own.alerts).map(([name, alert]) => ({ group, name, alert, cases: casesOf(group, name) })),
);
const files = renderRules(settings);

withTool("promtool", "promtool takes every rule file", (promtool) => {
  const { status, said } = runOn(promtool, files, ["check", "rules", ...Object.keys(files)]);
  expect(`${String(status)} ${said}`).toMatch(/^0 /);
});

all.forEach(([group, own]) => {
  withTool(
    "promtool",
    `the alerts of ${group} fire where they should, and not where they nearly should`,
    (promtool) => {
      const made = alerts
        .filter((one) => one.group === group)
        .map((one) => promtoolFiles(one.name, one.alert, one.cases, own, settings));
      const rules = Object.assign({}, ...made.map((one) => one.rules)) as Record<string, string>;
      const tests = Object.assign({}, ...made.map((one) => one.tests)) as Record<string, string>;
      const { status, said } = runOn(promtool, { ...rules, ...tests }, [
        "test",
        "rules",
        ...Object.keys(tests),
      ]);
      expect(`${String(status)} ${said}`).toMatch(/^0 /);
    },
  );
});

test("each alert is tested for every severity it has, and for quiet, but the watchdog", () => {
  for (const { name, alert, cases: own } of alerts) {
    const fired = own.fires.flatMap((one) => one.alerts.map(({ labels }) => labels["severity"]));
    const wanted = severities.filter((severity) => alert.when[severity] !== undefined);
    expect({ name, severities: severities.filter((severity) => fired.includes(severity)) }).toEqual({
      name,
      severities: wanted,
    });
    expect({ name, quiet: own.quiet === "never" ? 0 : own.quiet.length }).not.toEqual({
      name,
      quiet: undefined,
    });
  }
  expect(alerts.filter(({ cases: own }) => own.quiet === "never").map(({ name }) => name)).toEqual([
    "Watchdog",
  ]);
});

test("no name is used twice, no case is left over, and every text reads as one", () => {
  const names = alerts.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(
    Object.values(cases)
      .flatMap((own) => Object.keys(own))
      .sort(),
  ).toEqual([...names].sort());
  for (const { name, alert } of alerts) {
    expect(name).toMatch(/^([A-Z][a-z]+)+$/);
    expect(alert.summary).toMatch(/^[^\n]{1,160}[^.\n]$/);
    expect(alert.description).toMatch(/^[A-Z][^\n{]{1,160}\.$/);
  }
});

test("rules ask for metrics and labels that exporters give, and for a job wherever one has the name", () => {
  const expressions = all.flatMap(([, own]) => [
    ...Object.values(own.alerts).flatMap(({ when }) => Object.values(when).map(({ expr }) => expr)),
    ...(own.recordings ?? []).map(({ expr }) => expr),
  ]);
  expect(expressions.flatMap((expr) => unknownIn(expr).map((what) => `${what}: ${expr}`))).toEqual([]);
  const jobless = expressions.flatMap(selectors).filter(({ labels }) => labels["job"] === undefined);
  expect(jobless.map(({ metric }) => metric).filter((metric) => !/^(hypha_|slo:)/.test(metric))).toEqual([]);
});

test("a metric or label that nothing gives is found", () => {
  expect(unknownIn('rate(node_cpu_seconds{job="node"}[5m]) > 0')).toEqual(["no metric node_cpu_seconds"]);
  expect(unknownIn('sum by (stack, pod) (pg_up{job="postgres",namespace="a"})')).toEqual([
    "no label namespace of pg_up",
    "no label pod to group by",
  ]);
  expect(unknownIn('count by (x) (label_replace(up{job="a}b"}, "x", "$1", "job", "(.*)"))')).toEqual([]);
});

test("docs/runbooks.md has a section for each alert and for nothing else", () => {
  const text = readFileSync(join(__dirname, "../../../docs/runbooks.md"), "utf8");
  const sections = text.split(/^### /m).slice(1);
  const headings = sections.map((section) => section.split("\n", 1)[0]);
  expect([...headings].sort()).toEqual(alerts.map(({ name }) => name).sort());
  for (const section of sections) {
    // What it means, what to look at, what to do.
    expect(section).toMatch(/^\w+\n\n[^\n][^]*\n- Look: [^]*\n- Do: /);
  }
});

test("the bridge's own alert of Mycelium is there only where the bridge is meant to reach it", () => {
  expect(files["chat.yml"]).toContain("alert: BridgeNotConnected");
  expect(renderRules({ ...settings, bridgeUsesMycelium: false })["chat.yml"]).not.toContain(
    "BridgeNotConnected",
  );
});

test("a stack that has no jobs yet misses none", () => {
  expect(renderRules({ ...settings, jobs: [] })["targets.yml"]).not.toContain("JobMissing");
});
