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
