import fc from "fast-check";
import { parse } from "yaml";
import { renderPrometheusYml } from "../../components/observability/render";
import { jobs } from "../../components/swarm/metrics";
import type { Scrape, Target } from "../../components/swarm/metrics";

const scrape: fc.Arbitrary<Scrape> = fc.record(
  {
    job: fc.constantFrom(...jobs),
    port: fc.integer({ min: 1, max: 65_535 }),
    path: fc.constantFrom("/metrics", "/_synapse/metrics"),
  },
  { requiredKeys: ["job", "port"] },
);

const service = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);

const targets: fc.Arbitrary<Target[]> = fc
  .uniqueArray(
    fc.record({
      service,
      replicas: fc.integer({ min: 1, max: 4 }),
      hosts: fc.uniqueArray(service, { minLength: 1, maxLength: 3 }),
      metrics: fc.oneof(
        fc.constant({ none: "a reason" }),
        fc
          .tuple(scrape, fc.uniqueArray(scrape, { selector: ({ port }) => port, maxLength: 2 }))
          .map(([first, more]) => [first, ...more.filter(({ port }) => port !== first.port)] as const),
      ),
    }),
    { selector: (one) => one.service, maxLength: 8 },
  )
  .map((all) => all.map((one) => ({ ...one, hostname: `hypha-test-${one.service}` })));

interface Config {
  job_name: string;
  static_configs?: { targets: string[]; labels: Record<string, string> }[];
  dns_sd_configs?: { names: string[]; port: number }[];
  relabel_configs?: { regex: string; target_label: string; replacement: string }[];
}

/** Each place that is asked, with its job and the labels that it ends up with. */
function asked({ job_name, static_configs = [], dns_sd_configs = [], relabel_configs = [] }: Config) {
  return [
    ...static_configs.map(({ targets: [at], labels }) => ({ job: job_name, at, labels })),
    ...dns_sd_configs.map(({ names: [name = ""], port }) => ({
      job: job_name,
      at: `${name}:${port}`,
      labels: Object.fromEntries(
        relabel_configs
          .filter(({ regex }) => regex === `${name};.+:${port}`)
          .map(({ target_label, replacement }) => [target_label, replacement]),
      ),
    })),
  ];
}

test("every workload is asked at each of its ports, under its job and labels; whoever has a reason is not, and nobody else", () => {
  fc.assert(
    fc.property(targets, (all) => {
      const text = renderPrometheusYml({
        ...{ stack: "test", scrapeSeconds: 15, targets: all, probes: [] },
        alertmanager: "alertmanager:9093",
      });
      const { scrape_configs } = parse(text) as { scrape_configs: Config[] };
      const wanted = all.flatMap(({ service: name, hostname, hosts, metrics }) =>
        "none" in metrics
          ? []
          : metrics.map(({ job, port, path }) => ({
              job,
              at: `${hostname}:${port}`,
              labels: {
                ...{ stack: "test", host: hosts.length === 1 ? hosts[0] : "several", service: name },
                ...(path === undefined ? {} : { __metrics_path__: path }),
              },
            })),
      );
      const found = scrape_configs.flatMap(asked);
      expect(found).toHaveLength(wanted.length);
      for (const one of wanted)
        expect(found).toContainEqual(
          expect.objectContaining({ ...one, labels: expect.objectContaining(one.labels) }),
        );
    }),
    { numRuns: 100 },
  );
});
