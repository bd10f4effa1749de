/** How a value reads: Grafana's names of units. */
export type Unit =
  "short" | "percentunit" | "bytes" | "Bps" | "s" | "ops" | "reqps" | "dateTimeFromNow" | "bool_yes_no";

export interface Query {
  /** PromQL; `$stack` and `$host` are what the reader chose. */
  expr: string;
  /** Name of each line, like `{{host}}`. */
  legend: string;
}

/** graph: over time; stat: now; table: now, a row each; logs: lines; logGraph: of lines, over time. The last two ask Loki. */
export interface Panel {
  title: string;
  kind: "graph" | "stat" | "table" | "logs" | "logGraph";
  unit?: Unit;
  queries: readonly Query[];
  /** From where on a value is bad: orange, red. Ascending; for values that are bad when low, `low`. */
  bad?: { warning: number; critical: number; low?: boolean };
  /** Of 24 columns. Default: 8 */
  width?: number;
  /** Of a graph: its many lines are listed beside it, the highest first. @default false */
  many?: boolean;
  /** Of a table: the name of the column with the values, the highest first. Without it only their labels are shown. */
  value?: string;
  /** What is read where there is no value. Default: Grafana's "No data" */
  none?: string;
}

export interface Dashboard {
  title: string;
  /** One sentence: what a reader sees here. */
  description: string;
  /** Whether the reader chooses hosts. */
  perHost: boolean;
  /** Whether the reader chooses services and a text of lines, `$service` and `$search`. @default false */
  searched?: boolean;
  panels: readonly Panel[];
}

const height = { graph: 8, stat: 4, table: 8, logs: 16, logGraph: 8 };

/** Without a value it has no colour. */
function steps({ warning, critical, low }: NonNullable<Panel["bad"]>) {
  const nothing = { color: "transparent", value: null };
  return low === true
    ? [
        nothing,
        { color: "red", value: 0 },
        { color: "orange", value: critical },
        { color: "green", value: warning },
      ]
    : [
        nothing,
        { color: "green", value: 0 },
        { color: "orange", value: warning },
        { color: "red", value: critical },
      ];
}

const types = {
  graph: "timeseries",
  stat: "stat",
  table: "table",
  logs: "logs",
  logGraph: "timeseries",
} as const;

/** Whether it shows the chosen time, and not only now. */
const overTime = ({ kind }: Panel): boolean => kind === "graph" || kind === "logGraph";

/** Whether Loki is asked, and not Prometheus. */
export const ofLines = ({ kind }: Panel): boolean => kind === "logs" || kind === "logGraph";

const prometheus = { type: "prometheus", uid: "prometheus" };

function renderPanel(panel: Panel, id: number, at: { x: number; y: number }) {
  const source = ofLines(panel) ? { type: "loki", uid: "loki" } : prometheus;
  return {
    id,
    type: types[panel.kind],
    title: panel.title,
    datasource: source,
    gridPos: { h: height[panel.kind], w: panel.width ?? 8, ...at },
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: source,
      expr,
      legendFormat: legend,
      ...(overTime(panel) || panel.kind === "logs" ? {} : { instant: true }),
      ...(panel.kind === "table" ? { format: "table" } : {}),
    })),
    fieldConfig: fieldsOf(panel),
    options: optionsOf(panel),
    ...(panel.kind === "logGraph" ? { maxDataPoints: 120 } : {}),
    ...(panel.kind === "table" ? { transformations: [columnsOf(panel)] } : {}),
  };
}

/**
 * The labels in the order in which the query names them, and the value where it has a name: Grafana's own is Value. The time
 * is the one of the look.
 */
function columnsOf({ queries, value }: Panel): object {
  const [, by = ""] = /\bby \(([^)]*)\)/.exec(queries[0]?.expr ?? "") ?? [];
  return {
    id: "organize",
    options: {
      excludeByName: { Time: true, ...(value === undefined ? { Value: true } : {}) },
      indexByName: Object.fromEntries([...by.split(", "), "Value"].map((column, index) => [column, index])),
      renameByName: value === undefined ? {} : { Value: value },
    },
  };
}

function fieldsOf(panel: Panel): object {
  const { kind, unit = "short", bad, value, none } = panel;
  return {
    defaults: {
      // Of a table it would be the labels' unit, too.
      ...(kind === "table" ? {} : { unit }),
      ...(none === undefined ? {} : { noValue: none }),
      ...(overTime(panel)
        ? {
            min: 0,
            custom: {
              ...(kind === "graph"
                ? { fillOpacity: 10, showPoints: "never" }
                : { drawStyle: "bars", fillOpacity: 100, lineWidth: 0, stacking: { mode: "normal" } }),
              // An axis for nothing at all ends at 10,000 % otherwise.
              ...(unit === "percentunit" ? { axisSoftMax: 0.01 } : {}),
            },
          }
        : {}),
      ...(bad === undefined ? {} : { thresholds: { mode: "absolute", steps: steps(bad) } }),
    },
    overrides:
      kind === "table" && value !== undefined
        ? [{ matcher: { id: "byName", options: value }, properties: [{ id: "unit", value: unit }] }]
        : [],
  };
}

function optionsOf({ kind, bad, many, value }: Panel): object {
  switch (kind) {
    case "logs":
      return { showTime: true, wrapLogMessage: true, sortOrder: "Descending" };
    case "stat":
      return {
        colorMode: bad === undefined ? "none" : "background",
        reduceOptions: { calcs: ["lastNotNull"] },
      };
    case "table":
      return value === undefined ? {} : { sortBy: [{ displayName: value, desc: true }] };
    case "graph":
    case "logGraph":
      return {
        legend:
          many === true
            ? {
                ...{ showLegend: true, displayMode: "table", placement: "right", calcs: ["lastNotNull"] },
                ...{ sortBy: "Last *", sortDesc: true },
              }
            : { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
        tooltip: { mode: "multi", sort: "desc" },
      };
  }
}

/** Rows from left to right, a new one where the next panel finds no room. */
function layOut(panels: readonly Panel[]) {
  let x = 0;
  let y = 0;
  let row = 0;
  return panels.map((panel, index) => {
    const width = panel.width ?? 8;
    if (x + width > 24) {
      y += row;
      x = 0;
      row = 0;
    }
    const at = { x, y };
    x += width;
    row = Math.max(row, height[panel.kind]);
    return renderPanel(panel, index + 1, at);
  });
}

const choice = (name: string, query: string) => ({
  name,
  type: "query",
  datasource: prometheus,
  query: { query, refId: name },
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: ".*",
  current: { text: ["All"], value: ["$__all"] },
});

/** What a reader looks for in lines: anything, at first. */
const search = {
  name: "search",
  label: "Text or request id",
  type: "textbox",
  query: "",
  current: { text: "", value: "" },
};

/** The way to the others, for the same hosts and times. */
const others = {
  ...{ type: "dashboards", tags: ["hypha"], title: "Hypha", icon: "external link", tooltip: "" },
  ...{ asDropdown: true, keepTime: true, includeVars: true, targetBlank: false },
};

/** Deployments are marked in every graph. Each host tells of the last one; all of a stack tell the same. */
export const deployments = {
  name: "Deployments",
  ...{ enable: true, iconColor: "blue", datasource: prometheus },
  expr: 'max by (deployed, result, commit, by) (hypha_deployment_timestamp_seconds{stack=~"$stack"}) * 1000',
  ...{ useValueForTime: true, step: "60s" },
  ...{ titleFormat: "{{deployed}} {{result}}", textFormat: "{{commit}} by {{by}}", tagKeys: "result" },
};

/** The file that Grafana provisions; `name` is its place in addresses. */
export function renderDashboard(name: string, dashboard: Dashboard): string {
  const file = {
    uid: `hypha-${name}`,
    title: dashboard.title,
    description: dashboard.description,
    tags: ["hypha"],
    schemaVersion: 38,
    editable: false,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        choice("stack", "label_values(up, stack)"),
        ...(dashboard.perHost ? [choice("host", 'label_values(up{stack=~"$stack"}, host)')] : []),
        ...(dashboard.searched === true
          ? [choice("service", 'label_values(up{stack=~"$stack"}, service)'), search]
          : []),
      ],
    },
    annotations: { list: [deployments] },
    links: [others],
    panels: layOut(dashboard.panels),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
