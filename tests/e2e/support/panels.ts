import { dashboards } from "../../../components/observability/dashboards/all";
import { deployments, ofLines } from "../../../components/observability/dashboards/panel";
import { ask } from "./observed";

const noBackup = "backups come later";
const noPooler = "the gateway runs beside the data, and has Postgres' socket";
/** Panels of the dashboards that have nothing to show in the story, and why. */
export const withoutData: Record<string, string> = {
  "overview: Last backup": noBackup,
  "backups: Age": noBackup,
  "backups: Size": noBackup,
  "backups: Took": noBackup,
  "backups: Last drill worked": noBackup,
  "backups: Last drill": noBackup,
  "postgres: Pooler: clients": noPooler,
  "postgres: Pooler: connections to Postgres": noPooler,
  "postgres: Pooler: longest wait": noPooler,
  "overview: What fires": "nothing but the watchdog, which it leaves out",
  "host: Failed units": "none",
  "overview: Messages not delivered (0.5%)": "the lab has no other homeserver",
  "chat: Messages to other servers": "the lab has no other homeserver",
  "overview: Failed probes (objective 0.1%)": "its five minutes began before the stack did",
  "overview: Messages over 500 ms (1%)": "five messages an hour make a ratio",
};

/** What asks Prometheus, by its dashboard and title. */
export const panels = Object.entries(dashboards).flatMap(([name, { panels: own }]) =>
  own.filter((panel) => !ofLines(panel)).map((panel) => ({ ...panel, name: `${name}: ${panel.title}` })),
);

/** Of every stack and host. */
const all = (expr: string) => expr.replaceAll("$stack", ".*").replaceAll("$host", ".*");

/** When Prometheus has deployments to mark, in milliseconds, and with what labels. */
export const markedDeployments = () => ask(all(deployments.expr));

/** The panels that Prometheus has nothing for now. */
export async function emptyPanels(): Promise<string[]> {
  const asked = await Promise.all(
    panels.map(async ({ name, queries }) => {
      const answers = await Promise.all(queries.map(({ expr }) => ask(all(expr))));
      return answers.every((answer) => answer.length > 0) ? [] : [name];
    }),
  );
  return asked.flat();
}
