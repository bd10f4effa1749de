import * as pulumi from "@pulumi/pulumi";
import { HardeningConfig } from "../config/hardening";
import { hostScript } from "../shell/hostScript";
import { swapMiB } from "../sizing/sizing";
import { Channel, SshEndpoint } from "./channel";
import {
  renderAuditRules,
  renderNotice,
  renderPackageCheck,
  renderPasswordQuality,
} from "./hardeningOversight";
import {
  firewallPlan,
  renderCoreDumps,
  renderFail2ban,
  renderFirewall,
  renderJournald,
  renderModules,
  renderRestarts,
  renderShells,
  renderSshd,
  renderSysctl,
  rebootTime,
  renderUpgrades,
} from "./hardeningRender";

export interface HardeningArgs {
  /** The host's key in the config. */
  host: string;
  /** First contact, as in `Vps`: root, or an account with passwordless sudo. */
  endpoint: SshEndpoint;
  /** TCP ports of the stack that everyone may reach, published by the engine or not. */
  ports: number[];
  /** Addresses of the fleet's other hosts: IPv4 or IPv6. They alone reach the swarm's ports. */
  fleet: pulumi.Input<string[]>;
  /** MiB of memory, which decides the size of the swap. */
  memoryMiB: pulumi.Input<number>;
  config: HardeningConfig;
}

/** What a script says when a second fresh login has to follow; the next try is that login. */
export function needsAnotherLogin(errors: readonly string[]): boolean {
  return /a fresh login has to confirm/.test(errors[0] ?? "") && errors.length === 1;
}

/**
 * Firewall, sshd and the other measures of `hypha:hosts.<name>.hardening` on a server. After `up` they hold, and a
 * login made after they came into force has succeeded: without it the server puts its old firewall and sshd settings
 * back after a minute and `up` fails. `destroy` takes all of it back but for the packages.
 */
export class Hardening extends pulumi.ComponentResource {
  /** Wait for this: the server lets a fresh login in. */
  readonly confirmed: pulumi.Resource;
  /** What the server does not allow, such as swap in a container. */
  readonly skipped: pulumi.Output<string[]>;

  constructor(name: string, args: HardeningArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:host:Hardening", name, {}, opts);
    const channel: Channel = { kind: "ssh", endpoint: args.endpoint };
    const common = {
      channel,
      root: true,
      libraries: ["host/scripts/guard.sh", "host/scripts/oversight.sh"],
      script: "host/scripts/harden.sh",
    };
    const variables = files(args);
    const apply = hostScript(
      `${name}-apply`,
      { ...common, variables, undo: true },
      { parent: this, dependsOn: opts?.dependsOn },
    );
    // It has all that the first has, so that it runs whenever that does, and can go on where that was interrupted.
    const confirm = hostScript(
      `${name}-confirm`,
      { ...common, variables: { ...variables, CONFIRM: "yes" } },
      {
        parent: this,
        dependsOn: apply,
        hooks: {
          onError: [new pulumi.ErrorHook(`confirm-${name}`, ({ errors }) => needsAnotherLogin(errors))],
        },
      },
    );
    this.confirmed = confirm;
    this.skipped = apply.stdout.apply(async (text) => {
      const { skipped } = JSON.parse(text) as { skipped: string[] };
      for (const measure of skipped) {
        await pulumi.log.warn(`${args.host}: skipped ${measure}`, this);
      }
      return skipped;
    });
    this.registerOutputs({ skipped: this.skipped });
  }
}

/** Each measure's file; empty where it is switched off. */
function files(args: HardeningArgs): Record<string, pulumi.Input<string>> {
  const { config } = args;
  const sshPort = config.firewall.sshPort ?? args.endpoint.port;
  const when = <T>(measure: { enabled: boolean }, value: T, off: T): T => (measure.enabled ? value : off);
  const firewall = pulumi
    .output(args.fleet)
    .apply((fleet) => renderFirewall(firewallPlan(config.firewall, { sshPort, ports: args.ports, fleet })));
  const swap = pulumi.output(args.memoryMiB).apply((memory) => String(swapMiB(memory)));
  return {
    HOST_NAME: args.host,
    NFTABLES_CONF: when<pulumi.Input<string>>(config.firewall, firewall, ""),
    SSHD_CONF: when(config.sshd, renderSshd(args.endpoint.user === "root"), ""),
    FAIL2BAN_CONF: when(config.fail2ban, renderFail2ban(config.fail2ban.banMinutes, sshPort), ""),
    UPGRADES_CONF: when(
      config.unattendedUpgrades,
      renderUpgrades(config.unattendedUpgrades.rebootAt ?? rebootTime(args.host)),
      "",
    ),
    RESTARTS_CONF: when(config.unattendedUpgrades, renderRestarts(), ""),
    JOURNALD_CONF: when(config.journald, renderJournald(config.journald.maxMiB), ""),
    TIME_SYNC: when(config.timeSync, "yes", ""),
    SWAP_MIB: when<pulumi.Input<string>>(config.swap, swap, "0"),
    SYSCTL_CONF: when(config.sysctl, renderSysctl(), ""),
    MODULES_CONF: when(config.modules, renderModules(), ""),
    CORE_LIMITS_CONF: when(config.coreDumps, renderCoreDumps().limits, ""),
    CORE_PROFILE: when(config.coreDumps, renderCoreDumps().profile, ""),
    COREDUMP_CONF: when(config.coreDumps, renderCoreDumps().systemd, ""),
    SHELLS_PROFILE: when(config.shells, renderShells(config.shells.idleMinutes), ""),
    AUDIT_RULES: when(config.auditd, renderAuditRules(), ""),
    CHECK_UNIT: when(config.packageCheck, renderPackageCheck().service, ""),
    CHECK_TIMER_UNIT: when(config.packageCheck, renderPackageCheck().timer, ""),
    PASSWORDS_CONF: when(config.passwords, renderPasswordQuality(config.passwords.minLength), ""),
    NOTICE: when(config.notice, renderNotice(config.notice.text), ""),
  };
}
