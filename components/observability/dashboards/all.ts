import { containers, host, overview } from "./hosts";
import type { Dashboard } from "./panel";
import { q } from "./query";
import { backups, chat, edge, postgres } from "./services";

/** Lines of what the reader chose; Loki wants one label that cannot be empty. */
const lines = '{stack=~"$stack",host=~"$host",service=~"$service",job=~".+"} |~ `(?i)$search`';

const logs: Dashboard = {
  title: "Hypha: logs",
  description: "What services and servers write: of a request by its id, or by any text.",
  perHost: true,
  searched: true,
  panels: [
    {
      title: "Lines",
      kind: "logGraph",
      width: 24,
      queries: [q(`sum by (service) (count_over_time(${lines} [$__interval]))`, "{{service}}")],
    },
    { title: "Logs", kind: "logs", width: 24, queries: [q(lines, "")] },
  ],
};

export const dashboards: Readonly<Record<string, Dashboard>> = {
  overview,
  host,
  containers,
  postgres,
  edge,
  chat,
  backups,
  logs,
};
