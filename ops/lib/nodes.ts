import { table } from "../../components/shell/table";
import { docker, StackHost } from "./stack";

/** A host of the stack as the swarm sees it. */
export interface NodeStatus {
  /** The host's key in the config. */
  host: string;
  /** `ready`, `down`, `unknown`, `disconnected`. */
  state: string;
  /** `active`, `pause`, `drain`. */
  availability: string;
  /** `leader`, or whether the other managers reach it; empty for a worker. */
  manager: string;
}

const format = (stack: string): string =>
  `{{index .Spec.Labels "hypha.${stack}.host"}} {{.Status.State}} {{.Spec.Availability}} ` +
  "{{with .ManagerStatus}}{{if .Leader}}leader{{else}}{{.Reachability}}{{end}}{{end}}";

/** From what `docker node inspect` prints in that format; nodes of others are left out. */
export function parseNodeStatus(text: string): NodeStatus[] {
  return text
    .split("\n")
    .map((line) => line.split(" "))
    .map(([host = "", state = "", availability = "", manager = ""]) => ({
      host,
      state,
      availability,
      manager,
    }))
    .filter(({ host, state }) => host !== "" && state !== "")
    .sort((a, b) => a.host.localeCompare(b.host));
}

/** The stack's nodes, as a manager of its swarm knows them. */
export function nodes(manager: StackHost, stack: string): NodeStatus[] {
  const ids = docker(manager, ["node", "ls", "--quiet"]).split("\n").filter(Boolean);
  return parseNodeStatus(docker(manager, ["node", "inspect", "--format", format(stack), ...ids]));
}

export const isSound = ({ state, availability, manager }: NodeStatus): boolean =>
  state === "ready" && availability === "active" && manager !== "unreachable";

/** A line for each node. */
export function formatNodes(list: readonly NodeStatus[]): string {
  return table([
    ["NODE", "STATE", "MANAGER", ""],
    ...list.map((node) => [
      node.host,
      node.availability === "active" ? node.state : `${node.state}, ${node.availability}`,
      node.manager,
      isSound(node) ? "ok" : "NOT AS WANTED",
    ]),
  ]);
}
