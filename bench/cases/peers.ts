import { installPython, Peers } from "../lib/peers";
import { Row } from "../lib/rows";
import { Case, Series } from "../lib/series";
import { Servers } from "../lib/servers";

/** The preparation of a server as pyinfra and Ansible do it: 17 operations, with nothing left to do. */
export function peers(servers: Servers): Case {
  const tools = new Peers();
  const both = [servers.first, servers.second];
  const addresses = both.map(({ address }) => address);
  const note = "17 operations per host, nothing to do";
  const series = (["pyinfra", "ansible"] as const).flatMap((tool): Series[] =>
    [1, 2].map((count) => ({
      name: `${tool}, ${count} host${count === 1 ? "" : "s"}`,
      unit: "s",
      note,
      measure: () => tools[tool](addresses.slice(0, count), true),
    })),
  );
  return {
    group: "peers",
    prepare: async (): Promise<Row[]> => {
      await Promise.all(both.map((server) => servers.boot(server)));
      for (const server of both) await installPython(server);
      await tools.prepare(both);
      const converged = await tools.ansible(addresses, false);
      await tools.pyinfra(addresses, false);
      const what = "whatever is still missing there; no comparison";
      return [
        { group: "peers", name: "ansible, 2 hosts, first run", unit: "s", values: [converged], note: what },
      ];
    },
    series,
    cleanUp: async () => tools.remove(),
  };
}
