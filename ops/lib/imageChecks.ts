import { readFileSync } from "fs";
import { join } from "path";
import { StackConfig } from "../../components/config/schema";
import { Check } from "./checks";
import { firstContact, Ran, run } from "./firstContact";

const name = "logs, Grafana";

/** An image that the configuration takes as it is, by the key that says so, and the hosts whose engines pull it. */
interface Pulled {
  key: string;
  reference: string;
  hosts: string[];
}

/** The images of what Debian does not have, where they are pulled. */
export function pulledImages({ hosts, observability }: StackConfig): Pulled[] {
  const all = Object.keys(hosts).sort();
  const watcher = all.filter((host) => hosts[host]?.roles.includes("observe"));
  const { logs, grafana } = observability ?? {};
  return [
    { key: "logs.loki", source: logs?.loki.source, on: watcher },
    { key: "logs.alloy", source: logs?.alloy.source, on: all },
    { key: "grafana", source: grafana?.source, on: watcher },
  ].flatMap(({ key, source, on }) =>
    source?.kind === "image" ? [{ key, reference: source.reference, hosts: on }] : [],
  );
}

/** What is left out of what a stack could see of itself, and why. */
export function leftOut({ observability }: StackConfig): string[] {
  if (observability === undefined) return [];
  return (["logs", "grafana"] as const).filter((part) => observability[part] === undefined);
}

/**
 * Whether logs and Grafana can be deployed: the configuration says whether they are there, so an image that cannot be
 * pulled stops the deployment, before it has begun, and says how to go on without.
 */
export async function imageChecks(config: StackConfig): Promise<Check[]> {
  const script = readFileSync(join(__dirname, "pullable.sh"), "utf8");
  const images = pulledImages(config);
  const asked = await Promise.all(
    Object.entries(config.hosts).map(async ([hostName, host]): Promise<[string, Ran | undefined]> => {
      const own = images.filter(({ hosts }) => hosts.includes(hostName));
      if (own.length === 0) return [hostName, undefined];
      const words = ["bash", "-c", script, "bash", ...own.map(({ reference }) => reference)];
      return [hostName, await run(firstContact(host, words, { root: true }))];
    }),
  );
  return imagesChecked(config, Object.fromEntries(asked));
}

/** What the hosts' answers mean. */
export function imagesChecked(
  config: StackConfig,
  answers: Readonly<Record<string, Ran | undefined>>,
): Check[] {
  const missing = leftOut(config);
  const left: Check[] =
    missing.length === 0
      ? []
      : [
          {
            name,
            verdict: "ok",
            what: `left out, as the configuration has no ${missing.map((part) => `hypha:observability.${part}`).join(" and no ")}`,
          },
        ];
  const images = pulledImages(config);
  const refused = Object.entries(answers).flatMap(([host, ran]) => {
    const lines = ran?.code === 0 ? ran.output.trim().split("\n") : [];
    return images
      .filter(({ hosts }) => hosts.includes(host))
      .flatMap(({ key, reference }, index) => {
        const [, why] = /^refused: (.*)$/.exec(lines[index] ?? "") ?? [];
        return why === undefined ? [] : [{ key, what: `${host} cannot pull ${reference}: ${why}` }];
      });
  });
  if (refused.length > 0) {
    const sections = [...new Set(refused.map(({ key }) => key.split(".")[0] ?? key))];
    return [
      ...left,
      {
        name,
        verdict: "FAILED",
        what: refused.map(({ what }) => what).join("\n"),
        fix:
          `take ${sections.map((one) => `hypha:observability.${one}`).join(" and ")} out, everything else works without; ` +
          "or give files: source: { kind: artifacts, path: … }",
      },
    ];
  }
  return images.length === 0
    ? left
    : [...left, { name, verdict: "ok", what: `${images.length} images can be pulled, or will be` }];
}
