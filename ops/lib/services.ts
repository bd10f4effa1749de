import { table } from "../../components/shell/table";
import { jsonRows, parseTasks, Task } from "../../components/swarm/tasks";
import { docker, StackHost } from "./stack";
import { ToolError } from "./tool";

export interface ServiceStatus {
  name: string;
  image: string;
  running: number;
  wanted: number;
  tasks: Task[];
}

/** From what `docker service ls` and `docker service ps` print as JSON lines. */
export function parseServices(serviceLines: string, taskLines: string): ServiceStatus[] {
  const tasks = parseTasks(taskLines);
  return jsonRows(serviceLines)
    .map((row) => {
      const name = row["Name"] ?? "";
      const [running = 0, wanted = 0] = (row["Replicas"] ?? "").split(/[/ ]/).map(Number);
      // A task is called <service>.<slot> or, in a global service, <service>.<node>.
      const own = tasks.filter((task) => task.name.slice(0, task.name.lastIndexOf(".")) === name);
      return { name, image: row["Image"] ?? "", running, wanted, tasks: own };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The stack's services on this manager. */
export function services(host: StackHost, stack: string): ServiceStatus[] {
  const filter = ["--filter", `label=hypha.stack=${stack}`];
  const listed = docker(host, ["service", "ls", ...filter, "--format", "{{json .}}"]);
  const names = parseServices(listed, "").map(({ name }) => name);
  const tasks =
    names.length === 0
      ? ""
      : docker(host, ["service", "ps", "--no-trunc", "--format", "{{json .}}", ...names]);
  return parseServices(listed, tasks);
}

/** A healthy container of a service, on whichever host runs one. */
export function containerOf(
  hosts: readonly StackHost[],
  service: string,
): { host: StackHost; container: string } {
  const filters = [`label=com.docker.swarm.service.name=${service}`, "health=healthy"];
  const args = ["ps", "--quiet", ...filters.flatMap((filter) => ["--filter", filter])];
  for (const host of hosts) {
    const [container = ""] = docker(host, args).split("\n");
    if (container !== "") {
      return { host, container };
    }
  }
  throw new ToolError(
    `no healthy ${service} runs on ${hosts.map(({ name }) => name).join(", ")}: see make status`,
  );
}

/** The tasks worth a line: those wanted now, and per slot the last one that ended with an error. */
export function notableTasks(service: ServiceStatus): Task[] {
  const failed = new Set<string>();
  return service.tasks.filter((task) => {
    if (task.wanted) {
      return true;
    }
    if (task.error === "" || failed.has(task.name)) {
      return false;
    }
    failed.add(task.name);
    return true;
  });
}

/** The status as text: a line per service, its tasks below. */
export function formatStatus(list: readonly ServiceStatus[]): string {
  const lines: string[][] = [["SERVICE", "RUNNING", "IMAGE", "STATE"]];
  for (const service of list) {
    const state = service.running === service.wanted ? "ok" : "NOT AS WANTED";
    lines.push([service.name, `${service.running}/${service.wanted}`, service.image, state]);
    for (const task of notableTasks(service)) {
      lines.push([
        `  ${task.name}`,
        "",
        task.node,
        `${task.state}${task.error === "" ? "" : `: ${task.error}`}`,
      ]);
    }
  }
  return table(lines);
}
