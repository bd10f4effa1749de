import { stringify } from "yaml";

/** A look at something from outside, by the blackbox exporter. */
export interface Probe {
  job: "blackbox-http" | "blackbox-tls" | "blackbox-tcp" | "blackbox-icmp";
  /** A module of blackbox.yml. */
  module: string;
  /** URL, `host:port` or address, as the module takes it. */
  target: string;
  service: string;
  host: string;
  /** Whether a certificate counts only where a client would take it. @default not a matter of this probe */
  verified?: "yes" | "no";
}

/** The site as it is asked: at an address, whatever DNS says, by its name. */
export interface ProbedSite {
  domain: string;
  /** `name` or `name:port`, as a browser writes it. */
  authority: string;
  /** Each place where it answers: `host:port`, and which host that is. */
  at: { address: string; host: string }[];
}

/** A server as it is asked. */
export interface ProbedServer {
  host: string;
  address: string;
  /** The port where sshd must answer. */
  ssh: number;
  /** TCP ports that must accept connections. */
  ports: number[];
}

/** What the site must answer, by part: the path, and what the answer holds. */
const pages: Record<string, { path: string; holds: string }> = {
  frontend: { path: "/", holds: "<[hH][tT][mM][lL]" },
  bridge: { path: "/api/v1/bridge/status", holds: "connected_servers" },
  gateway: { path: "/api/rooms/list", holds: '"success": ?true' },
  homeserver: { path: "/_matrix/client/versions", holds: '"versions"' },
};

/** Where the authority that signs the site's certificate is mounted. */
export const authorityFile = "/etc/blackbox/ca.crt";

/**
 * The blackbox exporter's modules. `tls_any` trusts anybody: once a certificate has expired, only it can still tell
 * when that was.
 */
export function renderBlackboxYml({ domain, authority }: ProbedSite): string {
  const network = { preferred_ip_protocol: "ip4", ip_protocol_fallback: true };
  const page = (holds: string) => ({
    prober: "http",
    timeout: "8s",
    http: {
      ...network,
      valid_status_codes: [200],
      headers: { Host: authority },
      follow_redirects: false,
      fail_if_not_ssl: true,
      fail_if_body_not_matches_regexp: [holds],
      tls_config: { ca_file: authorityFile, server_name: domain },
    },
  });
  const tls = (check: object) => ({
    prober: "tcp",
    timeout: "8s",
    tcp: { ...network, tls: true, tls_config: { server_name: domain, ...check } },
  });
  return stringify({
    modules: {
      ...Object.fromEntries(Object.entries(pages).map(([part, { holds }]) => [`page_${part}`, page(holds)])),
      tls_verified: tls({ ca_file: authorityFile }),
      tls_any: tls({ insecure_skip_verify: true }),
      tcp: { prober: "tcp", timeout: "5s", tcp: network },
      // sshd writes an error for each client that says nothing, and a plain line for one that greets and goes.
      ssh: {
        prober: "tcp",
        timeout: "5s",
        tcp: { ...network, query_response: [{ expect: "^SSH-2.0-" }, { send: "SSH-2.0-probe" }] },
      },
      icmp: { prober: "icmp", timeout: "5s", icmp: network },
    },
  });
}

/** Everything that is asked from outside. */
export function probesOf(site: ProbedSite, servers: readonly ProbedServer[]): Probe[] {
  return [
    ...site.at.flatMap(({ address, host }): Probe[] => [
      ...Object.entries(pages).map(([service, { path }]): Probe => ({
        job: "blackbox-http",
        module: `page_${service}`,
        target: `https://${address}${path}`,
        service,
        host,
      })),
      ...(["yes", "no"] as const).map((verified): Probe => ({
        job: "blackbox-tls",
        module: verified === "yes" ? "tls_verified" : "tls_any",
        target: address,
        service: "edge",
        host,
        verified,
      })),
    ]),
    ...servers.flatMap(({ host, address, ssh, ports }): Probe[] => [
      ...[{ module: "ssh", port: ssh }, ...ports.map((port) => ({ module: "tcp", port }))].map(
        ({ module, port }): Probe => ({
          job: "blackbox-tcp",
          module,
          target: `${bracketed(address)}:${port}`,
          service: "host",
          host,
        }),
      ),
      { job: "blackbox-icmp", module: "icmp", target: address, service: "host", host },
    ]),
  ];
}

/** An address as it stands before a port. */
export const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);
