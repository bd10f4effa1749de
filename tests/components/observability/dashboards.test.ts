import { stringify } from "yaml";
import { dashboards } from "../../../components/observability/dashboards/all";
import { ofLines, renderDashboard } from "../../../components/observability/dashboards/panel";
import { withTool } from "../../support/tools";
import { unknownIn } from "./metrics";
import { runOn } from "./promtool";

const queries = Object.entries(dashboards).flatMap(([name, { panels }]) =>
  panels
    .filter((panel) => !ofLines(panel))
    .flatMap(({ title, queries: own }) => own.map(({ expr }) => ({ where: `${name}, ${title}`, expr }))),
);

withTool("promtool", "every query of every dashboard is PromQL", (promtool) => {
  const rules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }));
  const file = stringify({ groups: [{ name: "queries", rules }] }, { lineWidth: 0 });
  const { status, said } = runOn(promtool, { "queries.yml": file }, ["check", "rules", "queries.yml"]);
  expect(`${String(status)} ${said}`).toMatch(/^0 /);
});

test("every query asks for metrics and labels that exporters give, of the chosen stacks", () => {
  expect(queries.flatMap(({ where, expr }) => unknownIn(expr).map((what) => `${where}: ${what}`))).toEqual(
    [],
  );
  expect(queries.filter(({ expr }) => !expr.includes('stack=~"$stack"'))).toEqual([]);
});

test("legends name labels that the query keeps", () => {
  for (const { panels } of Object.values(dashboards)) {
    for (const { expr, legend } of panels.flatMap((panel) => panel.queries)) {
      const kept = /^(?:[^(]*?)\b(?:sum|avg|max|min|count)\b(?: by \(([^)]*)\))?/.exec(expr);
      if (kept === null) continue;
      const labels = [...legend.matchAll(/{{(\w+)}}/g)].map(([, label]) => label);
      const by = (kept[1] ?? "").split(",").map((label) => label.trim());
      expect({ expr, missing: labels.filter((label) => !by.includes(label ?? "")) }).toEqual({
        expr,
        missing: [],
      });
    }
  }
});

test.each(Object.keys(dashboards))("the panels of %s fill rows without covering each other", (name) => {
  const dashboard = dashboards[name];
  if (dashboard === undefined) throw new Error(name);
  const { panels, templating } = JSON.parse(renderDashboard(name, dashboard)) as {
    panels: { gridPos: { x: number; y: number; w: number; h: number } }[];
    templating: { list: { name: string }[] };
  };
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(cells.filter((cell) => Number(cell.split("/")[0]) >= 24)).toEqual([]);
  const used = ["stack", "host", "service", "search"].filter((choice) =>
    JSON.stringify(dashboard).includes(`$${choice}`),
  );
  expect(templating.list.map((choice) => choice.name)).toEqual(used);
});
