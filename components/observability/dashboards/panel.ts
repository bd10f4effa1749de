/** How a value reads: Grafana's names of units. */
export type Unit =
  "short" | "percentunit" | "bytes" | "Bps" | "s" | "reqps" | "dateTimeFromNow" | "bool_yes_no";

export interface Query {
  /** PromQL; `$stack` and `$host` are what the reader chose. */
  expr: string;
  /** Name of each line, like `{{host}}`. */
  legend: string;
}

/** graph: over time; stat: now; table: now, a row each; logs: lines, of Loki and not of Prometheus. */
export interface Panel {
  title: string;
  kind: "graph" | "stat" | "table" | "logs";
  unit?: Unit;
  queries: readonly Query[];
  /** From where on a value is bad: orange, red. Ascending; for values that are bad when low, `low`. */
  bad?: { warning: number; critical: number; low?: boolean };
  /** Of 24 columns. Default: 8 */
  width?: number;
}

export interface Dashboard {
  title: string;
  /** One sentence: what a reader sees here. */
  description: string;
  /** Whether the reader chooses hosts. */
  perHost: boolean;
  panels: readonly Panel[];
}

const height = { graph: 8, stat: 4, table: 8, logs: 16 };

function steps({ warning, critical, low }: NonNullable<Panel["bad"]>) {
  return low === true
    ? [
        { color: "red", value: null },
        { color: "orange", value: critical },
        { color: "green", value: warning },
      ]
    : [
        { color: "green", value: null },
        { color: "orange", value: warning },
        { color: "red", value: critical },
      ];
}

const types = { graph: "timeseries", stat: "stat", table: "table", logs: "logs" } as const;

function renderPanel(panel: Panel, id: number, at: { x: number; y: number }) {
  const source =
    panel.kind === "logs" ? { type: "loki", uid: "loki" } : { type: "prometheus", uid: "prometheus" };
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
      ...(panel.kind === "graph" || panel.kind === "logs" ? {} : { instant: true }),
      ...(panel.kind === "table" ? { format: "table" } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit: panel.unit ?? "short",
        ...(panel.kind === "graph" ? { custom: { fillOpacity: 10, showPoints: "never" } } : {}),
        ...(panel.bad === undefined ? {} : { thresholds: { mode: "absolute", steps: steps(panel.bad) } }),
      },
      overrides: [],
    },
    options:
      panel.kind === "stat"
        ? {
            colorMode: panel.bad === undefined ? "none" : "background",
            reduceOptions: { calcs: ["lastNotNull"] },
          }
        : {},
  };
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
  datasource: { type: "prometheus", uid: "prometheus" },
  query: { query, refId: name },
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: ".*",
  current: { text: ["All"], value: ["$__all"] },
});

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
      ],
    },
    links: [{ type: "dashboards", tags: ["hypha"], title: "Hypha", asDropdown: true, keepTime: true }],
    panels: layOut(dashboard.panels),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
