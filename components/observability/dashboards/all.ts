import { containers, host, overview } from "./hosts";
import type { Dashboard } from "./panel";
import { q } from "./query";
import { backups, chat, edge, postgres } from "./services";

/** Loki comes later; its labels are those of targets. */
const logs: Dashboard = {
  title: "Hypha: logs",
  description: "Lines of the services, where Loki is deployed.",
  perHost: true,
  panels: [{ title: "Logs", kind: "logs", width: 24, queries: [q('{stack=~"$stack",host=~"$host"}', "")] }],
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
