import { stringify } from "yaml";
import { groups } from "./groups";
import { severities } from "./rule";
import type { Alert, Group, RuleSettings } from "./rule";

/** The heading of an alert in docs/runbooks.md is its name. */
export const runbookUrl = (runbooks: string, alert: string) => `${runbooks}#${alert.toLowerCase()}`;

function rulesOf(name: string, alert: Alert, runbooks: string) {
  return severities.flatMap((severity) => {
    const condition = alert.when[severity];
    return condition === undefined
      ? []
      : [
          {
            alert: name,
            expr: condition.expr,
            ...(condition.for === undefined ? {} : { for: condition.for }),
            labels: { severity },
            annotations: {
              summary: alert.summary,
              description: alert.description,
              runbook_url: runbookUrl(runbooks, name),
            },
          },
        ];
  });
}

/** The file of one group. */
export function renderGroup(name: string, { alerts, recordings = [] }: Group, runbooks: string): string {
  const groups = [
    ...(recordings.length > 0 ? [{ name: `${name}-recordings`, interval: "1m", rules: recordings }] : []),
    {
      name,
      rules: Object.entries(alerts).flatMap(([alert, definition]) => rulesOf(alert, definition, runbooks)),
    },
  ];
  return stringify({ groups }, { lineWidth: 0 });
}

/** The files below /etc/prometheus/rules, by name. */
export function renderRules(settings: RuleSettings): Record<string, string> {
  return Object.fromEntries(
    Object.entries<Group>(groups(settings)).map(([name, group]) => [
      `${name}.yml`,
      renderGroup(name, group, settings.runbooks),
    ]),
  );
}
