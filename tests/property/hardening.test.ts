import fc from "fast-check";
import { hardening } from "../../components/config/hardening";
import { firewallPlan, myceliumPort, renderFirewall } from "../../components/host/hardeningRender";
import { hardeningInput } from "../support/configArbitraries";

const port = fc.integer({ min: 1, max: 65_535 });
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6().filter((text) => !text.includes("%")),
);
const own = fc.record({
  sshPort: port,
  ports: fc.uniqueArray(port, { maxLength: 4 }),
  fleet: fc.array(address, { maxLength: 6 }),
});

/** The rules of a chain, without its head. */
function rulesOf(chain: string, text: string): string[] {
  const body = new RegExp(`chain ${chain} \\{\\n(.*?)\\n {2}\\}`, "s").exec(text)?.[1] ?? "";
  return body.split("\n").map((line) => line.trim());
}

const numbers = (rule: string, pattern: RegExp): number[] =>
  (pattern.exec(rule)?.[1] ?? "").split(", ").filter(Boolean).map(Number);

/** Ports that a rule accepts from everyone. */
function accepted(rules: string[], protocol: string): number[] {
  const mine = rules.filter((rule) => rule.includes(protocol) && !rule.includes("saddr"));
  return mine.flatMap((rule) => numbers(rule, /(?:dport|proto-dst) \{ ([\d, ]+) \}/)).sort((a, b) => a - b);
}

const set = (ports: readonly number[]): number[] => [...new Set(ports)].sort((a, b) => a - b);

test("whatever the config, exactly the declared ports are open, SSH's first", () => {
  fc.assert(
    fc.property(hardeningInput, own, (raw, given) => {
      const { firewall } = hardening.parse(raw);
      const text = renderFirewall(firewallPlan(firewall, given));
      const input = rulesOf("input", text);
      const forward = rulesOf("forward", text);
      expect(input.slice(0, 2)).toEqual([
        "type filter hook input priority filter; policy drop;",
        `tcp dport ${given.sshPort} accept comment "ssh"`,
      ]);
      expect(forward[0]).toBe("type filter hook forward priority filter - 10; policy drop;");
      const tcp = set([...given.ports, myceliumPort, ...firewall.tcp]);
      const udp = set([myceliumPort, ...firewall.udp]);
      for (const rules of [input, forward]) {
        expect(accepted(rules, "tcp")).toEqual(tcp);
        expect(accepted(rules, "udp")).toEqual(udp);
      }
      // Any other rule lets in what is no port of ours, or a port from the fleet only.
      const rest = input
        .slice(2)
        .filter((rule) => !/^(tcp|udp) dport \{/.test(rule) && !/^ip6? saddr \{/.test(rule));
      expect(rest).toEqual([
        "ct state established,related accept",
        "ct state invalid drop",
        'iifname "lo" accept',
        "meta l4proto { icmp, ipv6-icmp } accept",
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
      ]);
      expect(text.match(/ saddr \{/g) ?? []).toHaveLength(
        3 * new Set(given.fleet.map((each) => each.includes(":"))).size,
      );
    }),
    { numRuns: 500 },
  );
});

test("the order of ports and addresses changes nothing", () => {
  fc.assert(
    fc.property(own, ({ sshPort, ports, fleet }) => {
      const plan = { sshPort, tcp: ports, udp: ports, fleet };
      const turned = {
        sshPort,
        tcp: [...ports].reverse(),
        udp: [...ports].reverse(),
        fleet: [...fleet].reverse(),
      };
      expect(renderFirewall(turned)).toBe(renderFirewall(plan));
    }),
  );
});
