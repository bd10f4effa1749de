import { projectFile } from "../components/fixtures";
import { Run, Sandbox } from "./sandbox";

/** The variables of harden.sh with every measure switched off. */
export const off = {
  ...{ NFTABLES_CONF: "", SSHD_CONF: "", FAIL2BAN_CONF: "", UPGRADES_CONF: "", JOURNALD_CONF: "" },
  ...{ SYSCTL_CONF: "", TIME_SYNC: "", SWAP_MIB: "0", RESTARTS_CONF: "", MODULES_CONF: "" },
  ...{ CORE_LIMITS_CONF: "", COREDUMP_CONF: "", SHELLS_PROFILE: "", AUDIT_RULES: "", CHECK_UNIT: "" },
  ...{ CHECK_TIMER_UNIT: "", PASSWORDS_CONF: "", NOTICE: "", CORE_PROFILE: "" },
};

const script =
  projectFile("components", "host/scripts/guard.sh") +
  projectFile("components", "host/scripts/oversight.sh") +
  projectFile("components", "host/scripts/harden.sh");

export const guarded = { ...off, NFTABLES_CONF: "new rules\n", SSHD_CONF: "PasswordAuthentication no\n" };

/** `systemctl` where every unit starts at boot and runs, and no time service does. */
export const runningUnits =
  'case "$*" in *is-active*) exit 1 ;; *UnitFileState*) echo enabled ;; *ActiveState*) echo active ;; esac';

/** A server where every package is there, and where nft and sshd take what they are given. */
export class HardenBox extends Sandbox {
  constructor() {
    super();
    this.file("proc/swaps", "Filename Type Size Used Priority\n")
      .stub("install", 'mkdir -p "$(dirname "${@: -1}")" && cat >"${@: -1}" && chmod 644 "${@: -1}"')
      .stub("systemctl", runningUnits)
      .stub("unshare", "echo 'table inet hypha'")
      .stub("systemd-run")
      .stub("systemd-detect-virt", "exit 1")
      .stub("dpkg-query", "echo installed")
      .stub("apt-get")
      .stub("nft", "[[ $* != *list* ]] || echo 'table inet hypha'")
      .stub("sshd", "[[ $1 != -T ]] || echo 'passwordauthentication no'")
      .stub("sysctl")
      .stub("df", "printf 'Filesystem 1M Used Available\\n/dev/x 9 1 102400 1%% /\\n'")
      .stub("fallocate", ': >"$3"')
      .stub("mkswap")
      .stub(
        "dpkg-divert",
        `file=\${@: -1} mark=$file.diverted
         case "$*" in *--truename*) [[ -e $mark ]] && echo "$file.without-hypha" || echo "$file" ;;
           *--add*) : >"$mark" ;; *--remove*) rm "$mark" ;; esac`,
      )
      .stub("date", "echo 1000000")
      .stub("flock");
  }

  harden(variables: Record<string, string> = off, verb: "up" | "check" | "down" = "up"): Run {
    return this.bash(script, variables, verb);
  }

  /** Calls that match, without the sandbox's root. */
  called(pattern: RegExp): string[] {
    return this.calls()
      .filter((call) => pattern.test(call))
      .map((call) => call.replaceAll(this.root, ""));
  }
}
