import { table } from "../../components/shell/table";
import { Task } from "../../components/swarm/tasks";
import { Deployed } from "./history";
import { describeOwner, LockOwner } from "./lock";
import { Running } from "./running";
import { ServiceStatus } from "./services";
import { StackOutputs } from "./stack";

/** What a component is to run: an image's reference and id, or the first digits of a program's SHA-256. */
export interface Wanted {
  version: string;
  /** Left out where the stack's outputs do not tell it. */
  id?: string;
}

/** A service of the swarm, or a unit on one host. */
export interface ComponentStatus {
  name: string;
  kind: "service" | "unit";
  wanted: Wanted;
  replicas: { running: number; wanted: number };
  /** Where it runs, as the hosts say. */
  running: Running[];
  /** `healthy`, `2 of 3 healthy`; empty where it has no health check, or no host told. */
  health: string;
  /** When the last of it was started, ISO 8601, UTC; empty where no host told. */
  since: string;
  /** What is not as wanted, in words; empty: all is well. */
  problems: string[];
  tasks: Task[];
}

/** What a stack's services are called before their part of it: `hypha-dev-edge` is `edge`. */
const prefixOf = (stack: string): string => `hypha-${stack.replaceAll("/", "-")}-`;
const partOf = (stack: string, service: string): string => service.replace(prefixOf(stack), "");

/** A service of this name, or a set of it. */
const isOf = (part: string, name: string): boolean => name === part || name.startsWith(`${part}-service-`);

/**
 * Every component: the services, as a manager lists them, those with an image in the outputs that it does not list, and
 * the Mycelium nodes, each with what the hosts say of it.
 */
export function componentsNow(
  stack: string,
  services: readonly ServiceStatus[],
  running: readonly Running[],
  images: NonNullable<StackOutputs["images"]>,
  programs: Readonly<Record<string, string>> = {},
): ComponentStatus[] {
  const own = services.map((service) => {
    const image =
      images[partOf(stack, service.name)] ??
      Object.values(images).find(({ reference }) => reference === service.image);
    const wanted =
      image === undefined ? { version: service.image } : { version: image.reference, id: image.id };
    const replicas = { running: service.running, wanted: service.wanted };
    const found = running.filter(({ component }) => component === service.name);
    return component({ name: service.name, kind: "service", wanted, replicas, tasks: service.tasks }, found);
  });
  const parts = services.map(({ name }) => partOf(stack, name));
  const missing = Object.entries(images)
    .filter(([part]) => !parts.some((name) => isOf(part, name)))
    .map(([part, { reference, id }]) => {
      const wanted = { version: reference, id };
      const name = prefixOf(stack) + part;
      const replicas = { running: 0, wanted: 1 };
      const none = component({ name, kind: "service", wanted, replicas, tasks: [] }, []);
      return { ...none, problems: ["the service is not there"] };
    });
  const units = Object.entries(programs).map(([name, version]) => {
    const found = running.filter((one) => one.component === name);
    const active = found.filter(({ health }) => health === "active").length;
    const replicas = { running: active, wanted: 1 };
    return component({ name, kind: "unit", wanted: { version }, replicas, tasks: [] }, found);
  });
  return [...own, ...missing, ...units];
}

function component(
  known: Pick<ComponentStatus, "name" | "kind" | "wanted" | "replicas" | "tasks">,
  running: Running[],
): ComponentStatus {
  const { wanted, replicas } = known;
  const checked = running.filter(({ health }) => health !== "");
  const healthy = checked.filter(({ health }) => health === "healthy" || health === "active");
  const well = healthy[0]?.health ?? "";
  const health = healthy.length === checked.length ? well : `${healthy.length} of ${checked.length} healthy`;
  const problems = [
    ...(replicas.running < replicas.wanted ? [`${replicas.running} of ${replicas.wanted} run`] : []),
    ...(running.every((one) => isWanted(one, wanted)) ? [] : ["another version runs"]),
    ...(checked.some((one) => one.health === "unhealthy") ? ["unhealthy"] : []),
  ];
  const since =
    running
      .map(({ since: at }) => at)
      .sort()
      .at(-1) ?? "";
  return { ...known, running, health, since, problems };
}

const isWanted = ({ version, id }: Running, wanted: Wanted): boolean =>
  wanted.id === undefined || id === undefined ? version === wanted.version : id === wanted.id;

/** The tasks worth a line: those wanted now, and per slot the last one that ended with an error. */
export function notableTasks(tasks: readonly Task[]): Task[] {
  const failed = new Set<string>();
  return tasks.filter((task) => {
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

/** `edge:0123456789ab 1a2b3c4d5e6f`: the last part of a reference, and the first digits of an id. */
function short({ version, id }: Wanted): string {
  const name = (version.split("/").at(-1) ?? version).replace(/@sha256:([0-9a-f]{12}).*/, "@$1");
  return id === undefined ? name : `${name} ${id.replace("sha256:", "").slice(0, 12)}`;
}

function runs({ running, wanted }: ComponentStatus): string {
  if (running.length === 0) return "";
  const others = running.filter((one) => !isWanted(one, wanted)).map(short);
  return others.length === 0 ? "as wanted" : [...new Set(others)].join(", ");
}

/** Colours on a terminal; elsewhere the text as it is. */
const painter = (colour: boolean) => (code: 1 | 31 | 32, text: string) =>
  colour ? `\u001b[${code}m${text}\u001b[0m` : text;

/** A line for each component; where something is amiss its tasks below. `colour` only on a terminal. */
export function formatComponents(list: readonly ComponentStatus[], colour = false): string {
  const paint = painter(colour);
  const rows = list.map((one) => [
    one.name,
    `${one.replicas.running}/${one.replicas.wanted}`,
    [...new Set(one.running.map(({ host }) => host))].sort().join(","),
    short(one.wanted),
    runs(one),
    one.health,
    one.since.replace(/\.\d+Z$/, "Z"),
    one.problems.length === 0 ? paint(32, "ok") : paint(31, `NOT AS WANTED: ${one.problems.join(", ")}`),
  ]);
  const head = ["COMPONENT", "RUNNING", "ON", "WANTED", "VERSION", "HEALTH", "SINCE", "STATE"];
  const [title = "", ...lines] = table([head, ...rows]).split("\n");
  const below = list.map(({ problems, tasks }) => {
    const notable = notableTasks(tasks);
    return problems.length === 0 && notable.every(({ error }) => error === "") ? "" : tasksTable(notable);
  });
  const blocks = lines.flatMap((line, index) => [line, below[index] ?? ""]);
  return [paint(1, title), ...blocks].filter((line) => line !== "").join("\n");
}

const tasksTable = (tasks: readonly Task[]): string =>
  table(
    tasks.map(({ name, node, state, error }) => [
      `  ${name}`,
      node,
      `${state}${error === "" ? "" : `: ${error}`}`,
    ]),
  );

/** The last deployment in one line. */
export function formatDeployment(last: Deployed | undefined): string {
  if (last === undefined) {
    return "last deployment: none is known";
  }
  const { version, began, result, commit = "unknown", dirty, record, author = "somebody" } = last;
  const who = record === undefined ? author : `${record.deployer.user}@${record.deployer.machine}`;
  const { ok, failed = [] } = record?.validation ?? {};
  const back = record?.redeployOf === undefined ? "" : `, back to version ${record.redeployOf}`;
  const tests =
    ok === undefined ? "" : ok ? ", its tests passed" : `, its tests FAILED: ${failed.join("; ")}`;
  return (
    `last deployment: version ${version}${back}, ${began.replace(".000Z", "Z")}, by ${who}, ` +
    `commit ${commit.slice(0, 12)}${dirty ? "-dirty" : ""}: ${result}${tests}`
  );
}

/** Who has the lock, in one line; `problem` says why that is not known. */
export function formatLock({ owner, problem }: { owner?: LockOwner; problem?: string }): string {
  return `lock: ${problem ?? (owner === undefined ? "free" : `held: ${describeOwner(owner)}`)}`;
}
