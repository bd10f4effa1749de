import { z } from "zod";
import { port } from "./fields";

/** Each measure is on unless switched off. */
const enabled = z
  .boolean()
  .default(true)
  .describe("false: Hypha leaves this alone, and takes back what it had set. Default: true");

/** A measure that has no other setting; `reason` says what it is and why it is on. */
const measure = (reason: string) => z.strictObject({ enabled }).prefault({}).describe(reason);

/** Claims nothing that the other measures do not do. */
const defaultNotice =
  "This system is private. Access is restricted to persons whom its owner has authorised, and is logged;\n" +
  "any other use is prohibited.";

/** A console replaces what stands after a backslash. */
const isNotice = (text: string): boolean =>
  text.trim() !== "" && !/[\\\p{Cc}]/u.test(text.replaceAll("\n", ""));

const open = (protocol: string) =>
  z
    .array(port())
    .max(100)
    .default([])
    .describe(`${protocol} ports open to everyone besides Hypha's own, each 1 to 65535. Default: none`);

export const hardening = z
  .strictObject({
    firewall: z
      .strictObject({
        enabled,
        sshPort: port()
          .optional()
          .describe(
            "Port that sshd itself listens on, where a router in front maps another to it. Default: the host's port",
          ),
        tcp: open("TCP"),
        udp: open("UDP"),
      })
      .prefault({})
      .describe(
        "nftables: what is not declared is closed, ports that Docker publishes too; on because services forget to bind to loopback",
      ),
    sshd: measure(
      "Keys only, few tries, no forwarding of agents or screens; on because passwords are guessed",
    ),
    fail2ban: z
      .strictObject({
        enabled,
        banMinutes: z
          .int()
          .min(1)
          .max(525_600)
          .default(60)
          .describe("Length of a ban in minutes. Default: 60"),
      })
      .prefault({})
      .describe(
        "Bans addresses whose SSH logins fail five times in ten minutes; on because it keeps guessers out of the log",
      ),
    unattendedUpgrades: z
      .strictObject({
        enabled,
        rebootAt: z
          .string()
          .regex(/^(([01]\d|2[0-3]):[0-5]\d|never)$/, {
            error: "is no time of day; fix: write hours and minutes like 04:00, or never",
          })
          .optional()
          .describe(
            "When a reboot that an upgrade needs may happen, in the server's time zone; or never. Default: between 02:00 and 05:50, by the host's name, so that a fleet's hosts do not reboot together",
          ),
      })
      .prefault({})
      .describe("Security upgrades each day; on because most break-ins use holes that are fixed already"),
    journald: z
      .strictObject({
        enabled,
        maxMiB: z
          .int()
          .min(16)
          .max(1_048_576)
          .default(512)
          .describe("Most that the system's log may take on disk, in MiB. Default: 512"),
      })
      .prefault({})
      .describe("A persistent system log with a limit; on because a log without one fills the disk"),
    timeSync: measure(
      "systemd-timesyncd unless another time service runs; on because certificates fail on a wrong clock",
    ),
    swap: measure(
      "A swap file by memory size unless there is swap; on because memory peaks would end services instead",
    ),
    sysctl: measure(
      "Kernel settings against spoofing, redirects and leaks of kernel addresses; on because they cost nothing",
    ),
    modules: measure(
      "Kernel modules of rare protocols, file systems, USB and FireWire disks stay unloaded; on because any account could have them loaded",
    ),
    coreDumps: measure("No memory images of crashed processes; on because keys and passwords stand in them"),
    shells: z
      .strictObject({
        enabled,
        idleMinutes: z
          .int()
          .min(1)
          .max(1440)
          .default(60)
          .describe("An interactive shell that waits so long for a command ends, in minutes. Default: 60"),
      })
      .prefault({})
      .describe(
        "Interactive shells end when idle, and their new files are closed to other accounts; on because terminals stay open",
      ),
    auditd: measure(
      "auditd notes changes of accounts, rights, logins, services and kernel modules, and what people run as root; on because the system log does not have them",
    ),
    packageCheck: measure(
      "Each week the files of all packages are compared with what the packages brought; on because somebody has to look",
    ),
    passwords: z
      .strictObject({
        enabled,
        minLength: z
          .int()
          .min(8)
          .max(64)
          .default(12)
          .describe("Least length of a password that somebody sets for themselves. Default: 12"),
      })
      .prefault({})
      .describe(
        "Weak passwords are refused where people set their own; on because sudo and a provider's console take passwords",
      ),
    notice: z
      .strictObject({
        enabled,
        text: z
          .string()
          .refine(isNotice, {
            error: "is no plain text; fix: write printable characters and line breaks, and no backslash",
          })
          .max(2000)
          .default(defaultNotice)
          .describe(
            "What is shown, up to 2000 characters. Default: that use is for those authorised, and logged",
          ),
      })
      .prefault({})
      .describe(
        "A notice at the console and in terminals of who may use the server; on because many audits ask for one",
      ),
  })
  .prefault({})
  .describe("Protection of the server; each measure can be switched off. Default: all on");

export type HardeningConfig = z.output<typeof hardening>;
