import { componentsOf } from "../../ops/lib/components";
import { EngineEvent, stepsOf } from "../../ops/lib/deployment";
import { StateResource } from "../../ops/lib/state";
import { resource, script, stackUrn, urn } from "./stateResources";

const chat = urn("chat", "hypha:systems:Chat");
const postgres = urn("postgres", "hypha:postgres:Postgres");
const workload = urn("postgres", "hypha:swarm:Workload");
const service = "docker:index/service:Service";
const resources: StateResource[] = [
  { urn: stackUrn, type: "pulumi:pulumi:Stack" },
  resource("web1", "hypha:host:Vps", stackUrn, { outputs: { facts: { os: "debian 12" } } }),
  resource("web1-preflight", "command:remote:Command", urn("web1", "hypha:host:Vps")),
  resource("web1-mycelium", "hypha:mycelium:MyceliumNode"),
  resource("web1-program", "command:local:Command", urn("web1-mycelium", "hypha:mycelium:MyceliumNode"), {
    ...script({ HOST_NAME: "web1", PROGRAM: "mycelium-12ab" }),
  }),
  resource("chat", "hypha:systems:Chat"),
  resource("postgres", "hypha:postgres:Postgres", chat),
  resource("postgres", "hypha:swarm:Workload", postgres),
  resource("postgres-service", service, workload, {
    outputs: { taskSpec: { containerSpec: { image: "hypha/postgres:1" } } },
  }),
  resource("default", "pulumi:providers:random"),
];

const metadata = (name: string, type: string, parent: string, op = "update") => ({
  op,
  urn: urn(name, type),
  new: { parent },
});
const event = (
  kind: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent",
  ...of: Parameters<typeof metadata>
) => ({ timestamp: 1, [kind]: { metadata: metadata(...of) } }) as EngineEvent;

describe("components", () => {
  test("stand below the stack or a system, each with what is below it, its version, and how it ended", () => {
    const events = [
      event(
        "resourcePreEvent",
        "web1-preflight",
        "command:remote:Command",
        urn("web1", "hypha:host:Vps"),
        "same",
      ),
      event("resourcePreEvent", "postgres-service", service, workload),
      event("resOutputsEvent", "postgres-service", service, workload),
      // One that never came to be is in no state.
      event(
        "resourcePreEvent",
        "web1-key",
        "x:y:Z",
        urn("web1-mycelium", "hypha:mycelium:MyceliumNode"),
        "create",
      ),
      event(
        "resOpFailedEvent",
        "web1-key",
        "x:y:Z",
        urn("web1-mycelium", "hypha:mycelium:MyceliumNode"),
        "create",
      ),
    ];
    expect(componentsOf(resources, stepsOf(events))).toEqual({
      postgres: { type: "hypha:postgres:Postgres", status: "completed", version: "hypha/postgres:1" },
      web1: { type: "hypha:host:Vps", status: "unchanged" },
      "web1-mycelium": { type: "hypha:mycelium:MyceliumNode", status: "failed", version: "mycelium-12ab" },
    });
  });

  test("that a deployment was cut off in are unfinished; what failed beside it counts more", () => {
    const begun = event("resourcePreEvent", "postgres-service", service, workload);
    expect(componentsOf(resources, stepsOf([begun]))["postgres"]?.status).toBe("unfinished");
    const other = event("resOpFailedEvent", "postgres-volume", "d:v:V", postgres);
    expect(componentsOf(resources, stepsOf([begun, other]))["postgres"]?.status).toBe("failed");
  });
});
