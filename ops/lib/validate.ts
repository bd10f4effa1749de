import { StackConfig } from "../../components/config/schema";
import { Check, CheckResult, runChecks } from "./check";
import { deployedConfig } from "./history";
import { hostChecks } from "./hostValidation";
import { matrixCheck } from "./matrixCheck";
import { networkChecks } from "./networkChecks";
import { services } from "./services";
import { Site } from "./site";
import {
  certificateCheck,
  furtherQuestions,
  redirectCheck,
  siteCheck,
  smokeQuestions,
  timesCheck,
} from "./siteChecks";
import { manager, stackHosts, StackHost, StackOutputs, stackOutputs } from "./stack";
import { ToolError } from "./tool";

/** What the stack does: `checked`, or why no check shows it. A test holds this list against the checks. */
export const stackFunctions: Readonly<Record<string, string>> = {
  "web page": "checked",
  "bridge status": "checked",
  "list of rooms": "checked",
  "gateway's database": "checked",
  "Matrix client API": "checked",
  "Matrix federation API": "checked",
  "client discovery": "checked",
  "server discovery": "checked",
  accounts: "checked",
  login: "checked",
  "rooms and messages": "checked",
  "homeserver's database": "checked",
  "closed registration": "checked",
  "closed paths": "checked",
  replicas: "checked",
  TLS: "checked",
  "HTTP redirection": "checked",
  firewall: "checked",
  "DNS name": "checked",
  "Mycelium node": "checked",
  "Mycelium peers": "checked",
  "Mycelium routing": "checked",
  "resources of the hosts": "checked",
  "response times": "checked",
  "media of messages": "an upload would stay on the homeserver's volume",
  "bridge's routes": "they answer inside only, and need another bridge",
  "federation with another server": "it needs another server",
  "password change": "it would end the validation account's use",
};

const measuredPaths = ["/", "/api/rooms/list", "/api/v1/bridge/status", "/_matrix/client/versions"];

/** The site of a deployed stack, at each of its addresses. */
export function deployedSites(stack: string, outputs: StackOutputs): Site[] {
  const { url, siteAddresses, certificateAuthority } = outputs;
  if (url === undefined || siteAddresses === undefined || certificateAuthority === undefined) {
    throw new ToolError(
      `stack ${stack} has no site in its outputs: deploy it first (make up STACK=${stack})`,
    );
  }
  return siteAddresses.map((address) => ({ url, address, authority: certificateAuthority }));
}

/** Every service has the replicas that it is to have. */
function replicasCheck(stack: string, hosts: readonly StackHost[]): Check {
  return {
    name: "replicas",
    category: "services",
    target: "",
    expected: "every service runs as many replicas as wanted",
    severity: "failure",
    hint: "make status tells why a task ended",
    covers: ["replicas"],
    alone: true,
    run: async () => {
      const list = services(manager(hosts), stack);
      const short = list.filter(({ running, wanted }) => running < wanted);
      const detail = `${list.length} services`;
      const told = short.map(({ name, running, wanted }) => `${name} ${running}/${wanted}`).join(", ");
      return list.length === 0
        ? { detail, problem: "there are no services" }
        : { detail, ...(short.length === 0 ? {} : { problem: told }) };
    },
  };
}

/** What a site must answer, quickly asked: it needs no host and no account. */
export const smokeChecks = (sites: readonly Site[]): Check[] =>
  sites.flatMap((site) => smokeQuestions.map((question) => siteCheck(site, question)));

/** Everything that must hold of a deployed stack. `outputs` with its secrets shown: the administrator's password. */
export function allChecks(
  stack: string,
  config: StackConfig,
  outputs: StackOutputs & { adminPassword?: string },
): Check[] {
  const sites = deployedSites(stack, outputs);
  const hosts = stackHosts(stack, outputs);
  const [first] = sites;
  const account = { adminPassword: outputs.adminPassword ?? "", serverName: config.chat.serverName };
  return [
    ...hostChecks(config, outputs),
    ...networkChecks(config, outputs.siteAddresses ?? []),
    ...smokeChecks(sites),
    replicasCheck(stack, hosts),
    ...sites.flatMap((site) => [
      ...furtherQuestions.map((question) => siteCheck(site, question)),
      certificateCheck(site),
      redirectCheck(site, config.edge.ports.http),
    ]),
    ...(first === undefined ? [] : [matrixCheck(stack, first, hosts, account)]),
    ...(first === undefined ? [] : measuredPaths.map((path) => timesCheck(first, path, config.validation))),
  ];
}

/** What a validation came to. */
export interface Validation {
  results: CheckResult[];
  /** The configuration says that a failed check fails the deployment. */
  failDeployment: boolean;
}

/** Validates a deployed stack; `quick` asks what `make smoke` does. */
export async function validate(stack: string, options: { quick?: boolean } = {}): Promise<Validation> {
  if (options.quick === true) {
    return {
      results: await runChecks(smokeChecks(deployedSites(stack, stackOutputs(stack)))),
      failDeployment: true,
    };
  }
  const config = deployedConfig(stack);
  if (config === undefined) {
    throw new ToolError(
      `stack ${stack} was not deployed with this version of Hypha: bring it up (make up STACK=${stack})`,
    );
  }
  const outputs = stackOutputs(stack, { showSecrets: true });
  return {
    results: await runChecks(allChecks(stack, config, outputs)),
    failDeployment: config.validation.failDeployment,
  };
}
