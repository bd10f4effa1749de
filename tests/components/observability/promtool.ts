import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Alert, Group, RuleSettings } from "../../../components/observability/rules/rule";
import { renderGroup, runbookUrl } from "../../../components/observability/rules/render";
import type { Case, Cases, Firing } from "./alerts/case";
import { selectors } from "./promql";

/** Runs a tool on files in a directory of their own; what it said, and how it ended. */
export function runOn(tool: string, files: Readonly<Record<string, string>>, args: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), "hypha-rules-"));
  try {
    Object.entries(files).forEach(([file, text]) => writeFileSync(join(directory, file), text));
    const { status, stdout, stderr } = spawnSync(tool, args, { cwd: directory, encoding: "utf8" });
    return { status, said: `${stdout}${stderr}` };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The alert as promtool expects it from its rule: what is not a template is taken from the definition. */
const expected =
  (name: string, alert: Alert, settings: RuleSettings) => (fired: Firing["alerts"][number]) => ({
    exp_labels: fired.labels,
    exp_annotations: {
      summary: fired.summary,
      description: alert.description,
      runbook_url: runbookUrl(settings.runbooks, name),
    },
  });

/** What an alert is made of, alone: quicker to evaluate than its whole group. */
function ruleFile(name: string, alert: Alert, { recordings = [] }: Group, settings: RuleSettings): string {
  const needed = Object.values(alert.when).flatMap(({ expr }) => selectors(expr).map(({ metric }) => metric));
  const own = {
    alerts: { [name]: alert },
    recordings: recordings.filter(({ record }) => needed.includes(record)),
  };
  return renderGroup(name, own, settings.runbooks);
}

/**
 * promtool's files for one alert: its rules, and tests of every case. Rules are evaluated as often as series have
 * values; promtool wants one rhythm in a file.
 */
export function promtoolFiles(
  name: string,
  alert: Alert,
  { fires, quiet }: Cases,
  group: Group,
  settings: RuleSettings,
): { rules: Record<string, string>; tests: Record<string, string> } {
  const test = (one: Case, fired: Firing["alerts"]) => ({
    name: `${name} at ${one.at}`,
    interval: one.interval ?? "1m",
    input_series: Object.entries(one.series).map(([series, values]) => ({ series, values })),
    alert_rule_test: [
      { alertname: name, eval_time: one.at, exp_alerts: fired.map(expected(name, alert, settings)) },
    ],
  });
  const tests = [
    ...fires.map((one) => test(one, one.alerts)),
    ...(quiet === "never" ? [] : quiet.map((one) => test(one, []))),
  ];
  const file = (interval: string) => ({
    rule_files: [`${name}.yml`],
    evaluation_interval: interval,
    // Else promtool takes them in any order, and half an hour ago is too long for a look back.
    group_eval_order: [`${name}-recordings`, name],
    tests: tests.filter((one) => one.interval === interval),
  });
  return {
    rules: { [`${name}.yml`]: ruleFile(name, alert, group, settings) },
    tests: Object.fromEntries(
      [...new Set(tests.map(({ interval }) => interval))].map((interval) => [
        `${name}-${interval}.test.yml`,
        stringify(file(interval), { lineWidth: 0 }),
      ]),
    ),
  };
}
