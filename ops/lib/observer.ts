import { docker, StackHost } from "./stack";
import { ToolError } from "./tool";

/** The pages that people look at, by service, and the port of each in its container. */
export const pages = { prometheus: 9090, alertmanager: 9093 } as const;
export type Page = keyof typeof pages;

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
): { host: StackHost; addresses: Record<Page, string> } {
  for (const host of hosts) {
    const running = (page: Page): string =>
      docker(host, ["ps", "--quiet", "--no-trunc", "--filter", `name=^hypha-${stack}-${page}\\.`]).trim();
    if (running("prometheus") === "") continue;
    const bridge = docker(host, ["network", "inspect", "docker_gwbridge"]);
    const address = (page: Page): string => {
      const found = bridgeAddress(bridge, running(page));
      if (found === undefined) {
        throw new ToolError(`host ${host.name}: ${page} does not run there; what is wrong: make status`);
      }
      return `${found}:${pages[page]}`;
    };
    return { host, addresses: { prometheus: address("prometheus"), alertmanager: address("alertmanager") } };
  }
  throw new ToolError(
    `no host of stack ${stack} runs Prometheus: add the section hypha:observability and deploy it, or see make status`,
  );
}
