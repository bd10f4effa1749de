import { shellAssigned } from "../../components/shell/quote";
import { HostAccess } from "../../components/host/access";
import { nameOf } from "./deployment";
import { holdsNoData } from "./preview";
import { StateResource, StackState } from "./state";

/** What a stack's state holds of a host, as far as it matters where that host is gone. */
export interface Traces {
  /** Arguments of `ssh` that open a session there; undefined where the state has none. */
  target: string[] | undefined;
  /** Scripts that would run there on its way out, and volumes that its engine has: nothing can be done about them. */
  unreachable: string[];
  /** The Docker provider that speaks to its engine, by which swarm-wide things may still have to be removed. */
  providers: string[];
  /** Names of volumes with the stack's data. */
  volumes: string[];
}

/** What of these resources is the host's. An image is of all hosts that have it, and is not asked for here. */
export function tracesOf(resources: readonly StateResource[], host: string): Traces {
  const providers = resources
    .filter(({ urn, type }) => type === "pulumi:providers:docker" && nameOf(urn) === `${host}-docker`)
    .map(({ urn }) => urn);
  const volumes = resources.filter(
    ({ type, provider = "" }) =>
      type === "docker:index/volume:Volume" && providers.includes(provider.replace(/::[^:]*$/, "")),
  );
  const scripts = resources
    .filter(({ type }) => /^command:(remote|local):Command$/.test(type))
    .map(({ urn, inputs = {} }) => {
      const text = typeof inputs["stdin"] === "string" ? inputs["stdin"] : "";
      return { urn, inputs, variables: shellAssigned(text) };
    })
    // The grid is asked by tfcmd from here, whether the VM answers or not.
    .filter(({ variables: own }) => own["HOST_NAME"] === host && !("NODES" in own) && !("VM_NAME" in own));
  const client = scripts.map(({ variables }) => variables["NODE"]?.split("\n")).find((words) => words);
  return {
    // `ssh OPTION… -p PORT ACCOUNT@ADDRESS -- docker`
    target: client?.[0] === "ssh" ? client.slice(1, -2) : undefined,
    unreachable: [
      ...scripts.filter(({ inputs }) => inputs["delete"] !== undefined).map(({ urn }) => urn),
      ...volumes.map(({ urn }) => urn),
    ],
    providers,
    volumes: volumes
      .filter(({ urn }) => !holdsNoData.test(nameOf(urn)))
      .map(({ outputs = {} }) => String(outputs["name"])),
  };
}

/**
 * The state in which what cannot be reached any more goes from the state only, when the next `up` removes it, and what
 * is of the whole swarm is spoken of with another manager. Nothing else changes, and a host that comes back under
 * hypha:hosts before that has all of it again.
 */
export function letGo(state: StackState, traces: Traces, manager: HostAccess): StackState {
  const redirected = (properties: Record<string, unknown> = {}) => ({
    ...properties,
    host: manager.dockerHost,
    ...("sshOpts" in properties ? { sshOpts: JSON.stringify(manager.sshArgs) } : {}),
  });
  const resources = (state.deployment.resources ?? []).map((resource) => {
    if (traces.unreachable.includes(resource.urn)) {
      return { ...resource, retainOnDelete: true };
    }
    return traces.providers.includes(resource.urn)
      ? { ...resource, inputs: redirected(resource.inputs), outputs: redirected(resource.outputs) }
      : resource;
  });
  return { ...state, deployment: { ...state.deployment, resources } };
}

/** A node of the swarm as its manager sees it. */
export interface SwarmNode {
  id: string;
  /** `ready`, `down`, `unknown`, `disconnected`. */
  state: string;
  manages: boolean;
}

/** What makes `docker node inspect` print what `parseNodes` reads. */
export const nodeFormat = "{{.ID}} {{.Status.State}} {{if .ManagerStatus}}manager{{else}}worker{{end}}";

export function parseNodes(text: string): SwarmNode[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [id = "", state = "", role] = line.split(" ");
      return { id, state, manages: role === "manager" };
    });
}
