import type { StackConfig } from "../../components/config/schema";
import type { Target } from "../../components/swarm/metrics";
import { Chat } from "../../components/systems/chat";
import { cluster, hosts } from "../../components/systems/hosts";
import { myceliumNodes } from "../../components/systems/mycelium";
import { Observability } from "../../components/systems/observability";
import type { Deployment, DeployOptions } from "../support/mocks";
import { run } from "./fixtures";

/** A stack with all of it, as index.ts wires it; what comes of it is what its workloads tell of themselves. */
export const wholeGraph = (
  config: StackConfig,
  options?: DeployOptions,
): Promise<Deployment<readonly Target[]>> =>
  run(() => {
    const machines = hosts(config);
    const swarm = cluster(config, machines);
    const nodes = myceliumNodes(config, machines);
    const chat = new Chat("chat", swarm, config, nodes);
    if (config.observability !== undefined) {
      new Observability("observability", swarm, config, config.observability, chat, nodes);
    }
    return swarm.targets;
  }, options);
