import { lookup } from "dns/promises";
import { isIP, Socket } from "net";
import { myceliumPorts } from "../../components/config/mycelium";
import { HostConfig, StackConfig } from "../../components/config/schema";
import { Check } from "./check";

/** Ports that something of the stack listens on inside, and nobody outside may reach. */
export const insidePorts = [
  111, 2375, 2376, 2377, 3000, 3100, 5432, 6379, 6432, 7946, 8008, 8080, 8081, 8989, 8990, 9090, 9093, 9100,
];

type Server = Extract<HostConfig, { kind: "vps" }>;

/** TCP ports that a server is to answer on. */
function declaredPorts(host: Server, config: StackConfig): number[] {
  const site = host.roles.includes("edge") ? Object.values(config.edge.ports) : [];
  return [host.port, ...site, ...(config.mycelium === undefined ? [] : [myceliumPorts.peers])];
}

/** Whether a TCP port takes a connection from here. */
export function answers(host: string, port: number, milliseconds = 3000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(milliseconds, () => {
      end(false);
    });
    socket.on("error", () => {
      end(false);
    });
    socket.connect(port, host, () => {
      end(true);
    });
  });
}

function portsCheck(name: string, host: Server, config: StackConfig): Check {
  const declared = declaredPorts(host, config);
  const closed = insidePorts.filter((port) => !declared.includes(port));
  return {
    name: "open ports",
    category: "network",
    target: name,
    expected: `answers on ${declared.join(", ")}, and on none of ${closed.join(", ")}`,
    // Where the configuration has the firewall off, the provider's own may do.
    severity: host.hardening.firewall.enabled ? "failure" : "warning",
    hint: "make doctor compares the firewall's rules; a port that does not answer may be closed by the provider",
    covers: ["firewall"],
    run: async () => {
      const asked = [...declared, ...closed];
      const open = await Promise.all(asked.map((port) => answers(host.address, port)));
      const found = asked.filter((_, index) => open[index]);
      const silent = declared.filter((port) => !found.includes(port));
      const extra = closed.filter((port) => found.includes(port));
      const problem = [
        ...(silent.length > 0 ? [`no answer on ${silent.join(", ")}`] : []),
        ...(extra.length > 0 ? [`${extra.join(", ")} should not answer from here`] : []),
      ].join("; ");
      return { detail: `answers on ${found.join(", ")}`, ...(problem === "" ? {} : { problem }) };
    },
  };
}

function nameCheck(domain: string, siteAddresses: readonly string[]): Check {
  const wanted = siteAddresses.filter((address) => isIP(address) > 0);
  return {
    name: "DNS name",
    category: "network",
    target: "",
    expected: `${domain} is ${wanted.join(", ")}`,
    severity: "warning",
    hint: `give ${domain} these addresses in DNS, where clients are to find it by name`,
    covers: ["DNS name"],
    run: async () => {
      const found = await lookup(domain, { all: true }).then(
        (list) => list.map(({ address }) => address),
        () => [] as string[],
      );
      const missing = wanted.filter((address) => !found.includes(address));
      const strange = found.filter((address) => !wanted.includes(address));
      const detail = found.length === 0 ? "no address is known" : found.join(", ");
      return missing.length + strange.length === 0 ? { detail } : { detail, problem: detail };
    },
  };
}

/** What must hold between here and the hosts; the machine's own engine has no outside. */
export function networkChecks(config: StackConfig, siteAddresses: readonly string[]): Check[] {
  const servers = Object.entries(config.hosts).flatMap(([name, host]) =>
    host.kind === "vps" ? [[name, host] as const] : [],
  );
  return [
    ...servers.map(([name, host]) => portsCheck(name, host, config)),
    ...(servers.length > 0 ? [nameCheck(config.edge.domain, siteAddresses)] : []),
  ];
}
