import { docker, StackHost } from "./stack";
import { ToolError } from "./tool";

/**
 * What people look at, by service: the port in its container, and how far above the first port it is here. Grafana and
 * Loki are there only where the configuration has their sections.
 */
export const pages = {
  prometheus: { port: 9090, above: 0 },
  grafana: { port: 3000, above: 1 },
  loki: { port: 3100, above: 2 },
  alertmanager: { port: 9093, above: 3 },
} as const;
export type Page = keyof typeof pages;
export type Addresses = Partial<Record<Page, string>>;

/** The containers' addresses on the bridge that every overlay service has on its host, as `docker network inspect` says. */
export function bridgeAddress(inspected: string, container: string): string | undefined {
  const [network] = JSON.parse(inspected) as {
    Containers?: Record<string, { IPv4Address?: string }>;
  }[];
  return network?.Containers?.[container]?.IPv4Address?.split("/")[0];
}

/** Where the pages answer, seen from the host that watches: nowhere else they do. */
export function observer(
  hosts: readonly StackHost[],
  stack: string,
): { host: StackHost; addresses: Addresses } {
  for (const host of hosts) {
    const running = runningPages(host, stack);
    if (running.prometheus === undefined) continue;
    const bridge = docker(host, ["network", "inspect", "docker_gwbridge"]);
    const addresses: Addresses = {};
    for (const [page, { port }] of Object.entries(pages) as [Page, { port: number }][]) {
      const found = bridgeAddress(bridge, running[page] ?? "");
      if (found !== undefined) addresses[page] = `${found}:${port}`;
      else if (running[page] !== undefined || page === "alertmanager") {
        throw new ToolError(`host ${host.name}: ${page} does not run there; what is wrong: make status`);
      }
    }
    return { host, addresses };
  }
  throw new ToolError(
    `no host of stack ${stack} runs Prometheus: add the section hypha:observability and deploy it, or see make status`,
  );
}

/** The ids of the pages' containers on a host. */
function runningPages(host: StackHost, stack: string): Partial<Record<Page, string>> {
  const filters = Object.keys(pages).flatMap((page) => ["--filter", `name=^hypha-${stack}-${page}\\.`]);
  const listed = docker(host, ["ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}", ...filters]);
  return pagesOf(listed, stack);
}

/** The pages' containers in what `docker ps` lists. */
export function pagesOf(listed: string, stack: string): Partial<Record<Page, string>> {
  return Object.fromEntries(
    listed.split("\n").flatMap((line) => {
      const [id = "", name = ""] = line.split(" ");
      const page = Object.keys(pages).find((one) => name.startsWith(`hypha-${stack}-${one}.`));
      return page === undefined ? [] : [[page, id]];
    }),
  );
}
