import { AlertName } from "../../../components/observability/rules/groups";
import { shellQuote } from "../../../components/shell/quote";
import { Site, siteRequest } from "../../../ops/lib/site";
import { LabVps } from "../../e2e/support/lab";
import { stack, watch } from "../../e2e/support/observed";
import { Poller } from "../../e2e/support/poller";

/** Something that goes wrong for real, and what those on duty are told of it. */
export interface Fault {
  /** As the table in docs/observability.md has it. */
  cause: string;
  begin: () => Promise<unknown>;
  end: () => Promise<unknown>;
  /** Each alert, and what its summary looks like. */
  alerts: Partial<Record<AlertName, RegExp>>;
  /** It goes on longer than the story waits. */
  lasts?: true;
}

export const scale = (service: string, replicas: number) =>
  watch.exec(`docker service scale --detach hypha-${stack.name}-${service}=${replicas}`);
export const gone = (cause: string, service: string, alerts: Fault["alerts"]): Fault => ({
  cause,
  begin: () => scale(service, 0),
  end: () => scale(service, 1),
  alerts,
});
export const nothing = () => Promise.resolve();

const service = (name: string) => `label=com.docker.swarm.service.name=hypha-${stack.name}-${name}`;
export const container = (name: string) => `$(docker ps -q --filter ${service(name)} | head -n 1)`;
/** Goes on in the background of a server, by a unit of this name, until it is stopped. */
export const meanwhile = (vps: LabVps, unit: string, script: string) =>
  vps.exec(`systemd-run --quiet --collect --unit=${unit} bash -c ${quoted(script)}`);
export const stop = (vps: LabVps, unit: string) => vps.exec(`systemctl stop ${unit} 2>/dev/null || true`);
const quoted = (text: string) => shellQuote([text]);

/** As Postgres' administrator. */
export const psql = (sql: string, database = "postgres") =>
  `docker exec -u postgres ${container("postgres")} psql -qAtX -v ON_ERROR_STOP=1 -d ${database} -c ${quoted(sql)}`;
export const figures = (host: LabVps, directory: string, text: string) =>
  host.exec(
    `install -d /var/lib/hypha/metrics/${directory} && printf '%s\\n' ${quoted(text)} ` +
      `>/var/lib/hypha/metrics/${directory}/${directory}.prom`,
  );

/** Requests in the background; what they answer is for the edge's figures. */
let pollers: Poller[] = [];
export const asking = (site: Site, path: string, milliseconds: number, body?: object) => {
  const ask = async () => {
    await siteRequest(site, path, {
      timeoutSeconds: 60,
      ...(body === undefined ? {} : { method: "POST", body }),
    });
    return undefined;
  };
  pollers.push(new Poller(ask, milliseconds));
};
/** Those that were begun end when their last answer is there. */
export async function stopAsking(): Promise<void> {
  const ended = pollers;
  pollers = [];
  await Promise.all(ended.map((one) => one.stop()));
}
