import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import { HardeningConfig } from "../config/hardening";

/** What the firewall lets in. Everything else is dropped. */
export interface FirewallPlan {
  /** Port that sshd listens on. */
  sshPort: number;
  /** TCP ports open to everyone, whether a process or a container answers. */
  tcp: readonly number[];
  udp: readonly number[];
  /** Addresses of the fleet's other hosts, which alone reach the swarm's ports. */
  fleet: readonly string[];
}

/** Mycelium's peers come in here, by TCP and by QUIC. */
export const myceliumPort = 9651;

/** The swarm's own ports: management, gossip, overlay traffic. */
const swarmPorts = { tcp: [2377, 7946], udp: [4789, 7946] } as const;

const made = (comment: string): string => `${comment} Made by Hypha: changes are overwritten.\n`;

const portSet = (ports: readonly number[]): string =>
  `{ ${[...new Set(ports)].sort((a, b) => a - b).join(", ")} }`;

function fleetRules(fleet: readonly string[]): string[] {
  const addresses = [...new Set(fleet)].sort();
  const families = [
    { family: "ip", members: addresses.filter((address) => !isIPv6(address)) },
    { family: "ip6", members: addresses.filter((address) => isIPv6(address)) },
  ];
  return families
    .filter(({ members }) => members.length > 0)
    .flatMap(({ family, members }) => {
      const from = `${family} saddr { ${members.join(", ")} }`;
      return [
        `${from} tcp dport ${portSet(swarmPorts.tcp)} accept`,
        `${from} udp dport ${portSet(swarmPorts.udp)} accept`,
        // The encrypted overlay's.
        `${from} meta l4proto esp accept`,
      ];
    });
}

/**
 * An nftables file that replaces the table `inet hypha` and touches no other. A drop here is final whatever Docker's
 * own chains accept, so a port that Docker publishes is closed unless its published number is declared.
 */
export function renderFirewall(plan: FirewallPlan): string {
  const indent = (lines: string[]) => lines.map((line) => `    ${line}\n`).join("");
  const offered = [
    `tcp dport ${portSet(plan.tcp)} accept`,
    ...(plan.udp.length > 0 ? [`udp dport ${portSet(plan.udp)} accept`] : []),
  ];
  const published = (protocol: "tcp" | "udp", ports: readonly number[]) =>
    ports.length > 0
      ? [`meta l4proto ${protocol} ct status dnat ct original proto-dst ${portSet(ports)} accept`]
      : [];
  const input = [
    "type filter hook input priority filter; policy drop;",
    `tcp dport ${plan.sshPort} accept comment "ssh"`,
    "ct state established,related accept",
    "ct state invalid drop",
    'iifname "lo" accept',
    "meta l4proto { icmp, ipv6-icmp } accept",
    // Answers to a DHCP client that no connection is known of.
    "udp sport 67 udp dport 68 accept",
    "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
    ...(plan.tcp.length > 0 ? offered : offered.slice(1)),
    ...fleetRules(plan.fleet),
  ];
  const forward = [
    "type filter hook forward priority filter - 10; policy drop;",
    "ct state established,related accept",
    // From containers: Docker's bridges are docker0, docker_gwbridge and br-<id>.
    'iifname "docker*" accept',
    'iifname "br-*" accept',
    ...published("tcp", plan.tcp),
    ...published("udp", plan.udp),
  ];
  return (
    made("#") +
    "table inet hypha\ndelete table inet hypha\ntable inet hypha {\n" +
    `  chain input {\n${indent(input)}  }\n  chain forward {\n${indent(forward)}  }\n}\n`
  );
}

/** sshd's first value of a keyword counts, so this file's name sorts before a provider's own. */
export function renderSshd(rootLogsIn: boolean): string {
  const settings = {
    PasswordAuthentication: "no",
    KbdInteractiveAuthentication: "no",
    PermitEmptyPasswords: "no",
    PermitRootLogin: rootLogsIn ? "prohibit-password" : "no",
    MaxAuthTries: 4,
    LoginGraceTime: 30,
    // A deployment opens several connections at once, and shares some of them.
    MaxStartups: "30:30:100",
    MaxSessions: 20,
    // Silence of three minutes is a dead connection; sshd's own question cannot be forged, as TCP's can.
    ClientAliveInterval: 60,
    ClientAliveCountMax: 2,
    TCPKeepAlive: "no",
    Compression: "no",
    // Which key logged in.
    LogLevel: "VERBOSE",
    X11Forwarding: "no",
    AllowAgentForwarding: "no",
    // ssh -L reaches what listens on loopback only.
    AllowTcpForwarding: "local",
    PermitUserEnvironment: "no",
  };
  return made("#") + lines(settings, " ");
}

export function renderFail2ban(banMinutes: number, sshPort: number): string {
  const jail = {
    enabled: "true",
    port: sshPort,
    backend: "systemd",
    maxretry: 5,
    findtime: "10m",
    bantime: `${banMinutes}m`,
    banaction: "nftables-multiport",
  };
  return `${made("#")}[sshd]\n${lines(jail, " = ")}`;
}

/**
 * After an upgrade, services that still use the old libraries are restarted; the engine is not, because all containers
 * would stop with it: it waits for the reboot.
 */
export function renderRestarts(): string {
  return (
    made("#") +
    "$nrconf{restart} = 'a';\n" +
    "$nrconf{kernelhints} = 0;\n" +
    "$nrconf{override_rc}{qr(^(docker|containerd)\\.service$)} = 0;\n"
  );
}

/**
 * When a host reboots that was given no time: one of 24 moments between 02:00 and 05:50, by its name, whatever other
 * hosts there are.
 */
export function rebootTime(host: string): string {
  const slot = (createHash("sha256").update(host).digest()[0] ?? 0) % 24;
  const minutes = 120 + slot * 10;
  return `0${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

/** Security upgrades only, of Debian or Ubuntu, whichever it is. */
export function renderUpgrades(rebootAt: string): string {
  const reboot = rebootAt !== "never";
  return (
    made("//") +
    'APT::Periodic::Update-Package-Lists "1";\n' +
    'APT::Periodic::Unattended-Upgrade "1";\n' +
    "#clear Unattended-Upgrade::Origins-Pattern;\n" +
    "#clear Unattended-Upgrade::Allowed-Origins;\n" +
    "Unattended-Upgrade::Origins-Pattern {\n" +
    '  "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";\n' +
    '  "origin=Ubuntu,archive=${distro_codename}-security";\n' +
    "};\n" +
    'Unattended-Upgrade::Remove-Unused-Dependencies "true";\n' +
    `Unattended-Upgrade::Automatic-Reboot "${reboot}";\n` +
    (reboot
      ? 'Unattended-Upgrade::Automatic-Reboot-WithUsers "true";\n' +
        `Unattended-Upgrade::Automatic-Reboot-Time "${rebootAt}";\n`
      : "")
  );
}

export function renderJournald(maxMiB: number): string {
  return `${made("#")}[Journal]\n${lines({ Storage: "persistent", SystemMaxUse: `${maxMiB}M` }, "=")}`;
}

/** Forwarding stays as it is: containers need it. Reverse paths are checked loosely: overlays come in another way. */
export function renderSysctl(): string {
  const both = (setting: string, value: number): [string, number][] =>
    ["all", "default"].map((scope) => [`net.${setting.replace(".conf.", `.conf.${scope}.`)}`, value]);
  const settings: [string, number][] = [
    ...both("ipv4.conf.rp_filter", 2),
    ...both("ipv4.conf.accept_redirects", 0),
    ...both("ipv4.conf.secure_redirects", 0),
    ...both("ipv4.conf.send_redirects", 0),
    ...both("ipv4.conf.accept_source_route", 0),
    ...both("ipv6.conf.accept_redirects", 0),
    ...both("ipv6.conf.accept_source_route", 0),
    ...both("ipv4.conf.log_martians", 1),
    ["net.ipv4.icmp_echo_ignore_broadcasts", 1],
    ["net.ipv4.tcp_syncookies", 1],
    ["net.core.bpf_jit_harden", 2],
    ["kernel.dmesg_restrict", 1],
    ["kernel.kptr_restrict", 2],
    ["kernel.sysrq", 0],
    ["kernel.unprivileged_bpf_disabled", 1],
    ["kernel.yama.ptrace_scope", 1],
    ["dev.tty.ldisc_autoload", 0],
    ["fs.protected_fifos", 2],
    ["fs.protected_hardlinks", 1],
    ["fs.protected_regular", 2],
    ["fs.protected_symlinks", 1],
    ["fs.suid_dumpable", 0],
    ["vm.swappiness", 10],
  ];
  return made("#") + settings.map(([key, value]) => `${key} = ${value}\n`).join("");
}

/** What a server has no use for, and what an account without rights could have the kernel load. */
const modules = [
  ...["dccp", "sctp", "rds", "tipc"],
  ...["cramfs", "freevxfs", "hfs", "hfsplus", "jffs2"],
  ...["usb-storage", "uas", "firewire-core", "firewire-ohci", "firewire-sbp2"],
];

/** `install` is what a module's name cannot go round, as it can `blacklist`. */
export function renderModules(): string {
  return made("#") + modules.map((module) => `install ${module} /bin/false\n`).join("");
}

/** Of logins, of shells that no login's limits reach, and of what systemd starts. */
export function renderCoreDumps(): { limits: string; profile: string; systemd: string } {
  return {
    profile: `${made("#")}ulimit -c 0\n`,
    limits: `${made("#")}* hard core 0\n* soft core 0\n`,
    systemd: `${made("#")}[Coredump]\n${lines({ Storage: "none", ProcessSizeMax: 0 }, "=")}`,
  };
}

/** Read by login shells only: no script and no deployment has one. */
export function renderShells(idleMinutes: number): string {
  return `${made("#")}umask 027\nTMOUT=${idleMinutes * 60}\nexport TMOUT\n`;
}

const lines = (settings: Record<string, string | number>, between: string): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key}${between}${value}\n`)
    .join("");

/** The plan of a host: its own ports and those that the config opens. */
export function firewallPlan(
  config: HardeningConfig["firewall"],
  own: { sshPort: number; ports: readonly number[]; fleet: readonly string[] },
): FirewallPlan {
  return {
    sshPort: own.sshPort,
    tcp: [...own.ports, myceliumPort, ...config.tcp],
    udp: [myceliumPort, ...config.udp],
    fleet: own.fleet,
  };
}
