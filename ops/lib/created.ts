import { hostScripts } from "./doctor";
import { Fact } from "./facts";
import { StateResource } from "./state";
import { shellAssigned } from "../../components/shell/quote";

/** What the stack made on a host, by kind; each list is sorted. */
export type Created = Record<string, string[]>;

/** How the kinds of facts are called in a record. Any other kind keeps its name. */
const kinds: Readonly<Record<string, string>> = {
  account: "users",
  config: "configs",
  directory: "directories",
  file: "files",
  image: "images",
  kernel: "kernelSettings",
  network: "networks",
  package: "packages",
  program: "programs",
  rules: "firewallTables",
  secret: "secrets",
  service: "services",
  unit: "units",
  "unit at boot": "units",
  volume: "volumes",
};

/**
 * What is on a host, from the facts that the checks of its scripts tell (whether or not they have drifted), and the
 * rules of the firewall that one of these scripts loads.
 */
export function createdOn(
  host: string,
  facts: readonly Fact[],
  resources: readonly StateResource[],
): Created {
  const found = new Map<string, Set<string>>();
  const put = (kind: string, name: string) => found.set(kind, (found.get(kind) ?? new Set()).add(name));
  for (const { kind, name } of facts) {
    put(kinds[kind] ?? kind, name);
  }
  for (const { text } of hostScripts(resources).filter(({ hosts }) => hosts.includes(host))) {
    for (const rule of firewallRules(shellAssigned(text)["NFTABLES_CONF"] ?? "")) {
      put("firewallRules", rule);
    }
  }
  return Object.fromEntries(
    [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, names]) => [kind, [...names].sort()]),
  );
}

/** The rules with a verdict in an nftables file, each after the name of its chain. */
export function firewallRules(text: string): string[] {
  let chain = "";
  return text.split("\n").flatMap((line) => {
    chain = /^\s*chain (\S+) \{/.exec(line)?.[1] ?? chain;
    const rule = /^\s*(.*\b(?:accept|drop|reject)\b.*)$/.exec(line)?.[1];
    return rule === undefined || rule.startsWith("#") || rule.startsWith("type filter")
      ? []
      : [`${chain}: ${rule}`];
  });
}
