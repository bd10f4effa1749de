import type { Panel, Query } from "./panel";

export const q = (expr: string, legend = "{{host}}"): Query => ({ expr, legend });
export const graph = (title: string, unit: Panel["unit"], ...queries: Query[]): Panel => ({
  title,
  kind: "graph",
  ...(unit === undefined ? {} : { unit }),
  queries,
});
export const stat = (title: string, expr: string, more: Partial<Panel> = {}): Panel => ({
  title,
  kind: "stat",
  width: 4,
  queries: [q(expr, "")],
  ...more,
});

/** Of the stacks that the reader chose. */
export const stack = 'stack=~"$stack"';
/** Of a job, on the hosts that the reader chose. */
export const on = (job: string) => `job="${job}",${stack},host=~"$host"`;
/** Of a job, on every host. */
export const of = (job: string) => `job="${job}",${stack}`;
