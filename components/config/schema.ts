import { z } from "zod";
import { chat } from "./chat";
import { cluster } from "./cluster";
import { edge } from "./edge";
import { problem, whenSound } from "./fields";
import { hosts, hostRoles } from "./hosts";
import { images } from "./images";
import { mycelium, myceliumPorts } from "./mycelium";
import { notifications } from "./notifications";
import { checkObserver, observability, observer } from "./observability";
import { release } from "./release";
import { validation } from "./validation";

/** The keys `hypha:<key>` of a stack file, as an operator writes them. */
export const stackInput = z.strictObject({
  hosts,
  cluster: cluster.prefault({}),
  chat: chat.prefault({}),
  edge,
  images: images.prefault({}),
  mycelium: mycelium.optional(),
  observability: observability.optional(),
  notifications: notifications.optional(),
  release: release.prefault({}),
  validation: validation.prefault({}),
});

/** By name, so that the order of the hosts means nothing. */
function firstManager(all: z.output<typeof hosts>): string {
  const [name] = Object.keys(all)
    .filter((one) => all[one]?.roles.includes("manager"))
    .sort();
  return name ?? "";
}

/** The same with the rules that span sections and the defaults that come from another section. */
export const stack = stackInput
  .superRefine(
    (value, context) => {
      for (const [name, host] of Object.entries(value.hosts)) {
        for (const [scheme, port] of Object.entries(value.edge.ports)) {
          if (host.kind === "vps" && host.roles.includes("edge") && port === host.port) {
            problem(
              context,
              ["edge", "ports", scheme],
              `is ${port}, the SSH port of host ${name}`,
              "give the site another port",
            );
          }
        }
      }
    },
    whenSound("hosts", "edge.ports"),
  )
  .superRefine(
    ({ hosts: all, cluster: { first } }, context) => {
      if (first === undefined || all[first]?.roles.includes("manager")) return;
      const managers = Object.keys(all).filter((name) => all[name]?.roles.includes("manager"));
      problem(
        context,
        ["cluster", "first"],
        `is ${first}, which is no manager under hypha:hosts`,
        `write one of ${managers.sort().join(", ")}`,
      );
    },
    whenSound("hosts", "cluster.first"),
  )
  .superRefine(
    (value, context) => {
      for (const [name, host] of Object.entries(value.hosts)) {
        if (host.kind === "vps" && host.gridVm?.cancel === true && value.chat.postgres.keepData) {
          problem(
            context,
            ["hosts", name, "gridVm", "cancel"],
            "is true, so that destroy would lose the data that chat.postgres.keepData keeps",
            "write false, or chat.postgres.keepData: false",
          );
        }
      }
    },
    whenSound("hosts", "chat"),
  )
  .superRefine(
    (value, context) => {
      if (value.mycelium === undefined) return;
      const servers = Object.entries(value.hosts).filter(([, host]) => host.kind === "vps");
      if (servers.length === 0) {
        problem(
          context,
          ["mycelium"],
          "has no server to run on: a node runs on hosts of the kind vps",
          "remove the section, or add a server to hypha:hosts",
        );
      }
      const taken: number[] = [myceliumPorts.peers, myceliumPorts.api, myceliumPorts.rpc];
      for (const [name, host] of servers) {
        for (const [scheme, port] of Object.entries(value.edge.ports)) {
          if (host.roles.includes("edge") && taken.includes(port)) {
            problem(
              context,
              ["edge", "ports", scheme],
              `is ${port}, a port of the Mycelium node on host ${name}`,
              "give the site another port",
            );
          }
        }
      }
    },
    whenSound("hosts", "edge.ports", "mycelium"),
  )
  .superRefine(
    (value, context) => checkObserver(value.hosts, value.observability !== undefined, context),
    whenSound("hosts", "observability"),
  )
  .transform((value) => ({
    ...value,
    hosts: Object.fromEntries(
      Object.entries(value.hosts).map(([name, host]) => [
        name,
        {
          ...host,
          roles: hostRoles.filter(
            (role) => host.roles.includes(role) || (role === "observe" && name === observer(value)),
          ),
        },
      ]),
    ),
    cluster: { ...value.cluster, first: value.cluster.first ?? firstManager(value.hosts) },
    chat: { ...value.chat, serverName: value.chat.serverName ?? value.edge.domain },
  }));

/** What `pulumi config` holds, checked and complete. Plain data, frozen. */
export type StackConfig = z.output<typeof stack>;
export type ChatConfig = StackConfig["chat"];
export type EdgeConfig = StackConfig["edge"];
export type ImagesConfig = StackConfig["images"];
export type MyceliumConfig = NonNullable<StackConfig["mycelium"]>;
export type ObservabilityConfig = NonNullable<StackConfig["observability"]>;
export type HostConfig = StackConfig["hosts"][string];
export type { HostRole, LocalHost, VpsHost } from "./hosts";
export type { Resources } from "./chat";
export type { Source } from "./source";
export type { StagedStrategy, Strategy } from "./strategy";
