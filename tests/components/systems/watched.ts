import { parseConfig } from "../../../components/config/load";
import type { StackConfig } from "../../../components/config/schema";
import type { Deployment } from "../../support/mocks";
import { hostKey } from "../../support/config";

const server = (address: string, roles: string[]) => ({ kind: "vps", address, hostKey, roles });

/** Three hosts, one of which watches. */
export const fleet = (observability: object, change: object = {}): StackConfig =>
  parseConfig({
    hosts: {
      db: server("192.0.2.1", ["manager", "data"]),
      web: server("192.0.2.2", ["edge", "app"]),
      obs: server("192.0.2.3", ["observe"]),
    },
    edge: { domain: "chat.example.org" },
    chat: { bridge: { replicas: 2 } },
    observability,
    ...change,
  });

/** What a file of the swarm holds. */
export const heldBy = ({ byName }: Deployment<unknown>, name: string): string =>
  Buffer.from(String(byName(name).inputs["data"]), "base64").toString();
