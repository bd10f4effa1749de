import { EdgeArgs } from "../edge/edge";
import { Route } from "../edge/render";
import { Probe } from "../edge/rollout";
import { Workload } from "../swarm/workload";

/** What stands behind the edge. */
export type ChatParts = Record<"frontend" | "gateway" | "bridge" | "homeserver", { workload: Workload }>;

/** Paths that a route would serve, but: the bridge asks whatever address a caller names, the gateway passes passwords on. */
const closed = ["/api/v1/bridge/", "/api/auth/"];
const status = "/api/v1/bridge/status";

/** Of each part that may come as sets, what tells through the edge whether it does its work. */
const probes: Record<Exclude<keyof ChatParts, "homeserver">, { port: number; probe: Probe }> = {
  frontend: { port: 8080, probe: { path: "/", content: "<html" } },
  gateway: { port: 8080, probe: { path: "/api/rooms/list", content: '"success": ?true' } },
  bridge: { port: 8081, probe: { path: status, content: '"connected_servers"' } },
};

/** Which path goes where, and how the edge moves the requests of those whose versions come as sets of their own. */
export function chatRoutes(parts: ChatParts): Required<Pick<EdgeArgs, "routes" | "closed" | "rollouts">> {
  const upstream = (part: keyof typeof probes): Route["upstream"] => {
    const { strategy, hostname, name } = parts[part].workload;
    return strategy.kind === "rolling" ? `${hostname}:${probes[part].port}` : { setOf: name };
  };
  return {
    closed,
    routes: [
      { path: "/", upstream: upstream("frontend") },
      { path: "/api/", upstream: upstream("gateway") },
      { path: status, readOnly: true, upstream: upstream("bridge") },
      { path: "/_matrix/", upstream: `${parts.homeserver.workload.hostname}:8008`, maxBodyMiB: 50 },
    ],
    rollouts: (["frontend", "gateway", "bridge"] as const)
      .map((part) => ({ workload: parts[part].workload, ...probes[part] }))
      .filter(({ workload }) => workload.strategy.kind !== "rolling"),
  };
}
