/** What tells an operator, afterwards too, that somebody did something: files of the measures of that kind. */

const made = "# Made by Hypha: changes are overwritten.\n";

/** What is there on any server, and whose change is an incident until explained. */
const watched = {
  accounts: ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"],
  rights: ["/etc/sudoers", "/etc/sudoers.d", "/etc/pam.d", "/etc/security"],
  logins: ["/etc/ssh", "/root/.ssh"],
  services: ["/etc/systemd/system", "/etc/crontab", "/etc/cron.d", "/etc/docker"],
  firewall: ["/etc/hypha"],
  audit: ["/etc/audit"],
} as const;

/**
 * Rules of auditd: changes of the files above, modules into and out of the kernel, whoever speaks to the engine by its
 * program, and what a person runs as root. Not what services run: health checks alone are ten processes a second.
 */
export function renderAuditRules(): string {
  const files = Object.entries(watched).flatMap(([key, paths]) =>
    paths.map((path) => `-w ${path} -p wa -k hypha-${key}\n`),
  );
  return (
    made +
    // A path that this server does not have is no reason to load nothing.
    "-i\n" +
    files.join("") +
    "-a always,exit -F arch=b64 -S init_module,finit_module,delete_module -k hypha-modules\n" +
    "-w /usr/bin/docker -p x -k hypha-engine\n" +
    "-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=unset -k hypha-root\n"
  );
}

/** Each week, when nothing else wants the disk. What differs is in the log, and the unit has failed. */
export function renderPackageCheck(): { service: string; timer: string } {
  return {
    service: [
      made.trimEnd(),
      "[Unit]",
      "Description=Compares the files of all packages with what the packages brought",
      "[Service]",
      "Type=oneshot",
      "ExecStart=/usr/bin/debsums --changed",
      "Nice=19",
      "IOSchedulingClass=idle",
      "CapabilityBoundingSet=CAP_DAC_READ_SEARCH",
      "NoNewPrivileges=yes",
      "PrivateDevices=yes",
      "PrivateNetwork=yes",
      "PrivateTmp=yes",
      "ProtectSystem=strict",
      "",
    ].join("\n"),
    timer: [
      made.trimEnd(),
      "[Unit]",
      "Description=Compares the files of all packages each week",
      "[Timer]",
      "OnCalendar=weekly",
      "RandomizedDelaySec=12h",
      "Persistent=yes",
      "[Install]",
      "WantedBy=timers.target",
      "",
    ].join("\n"),
  };
}

/** Shown at the console before a login, and in a terminal after one; a command over SSH does not print it. */
export function renderNotice(text: string): string {
  return `${text.trimEnd()}\n`;
}

/** Of passwords that people set for themselves: for sudo and at a provider's console. */
export function renderPasswordQuality(minLength: number): string {
  return `${made}minlen = ${minLength}\n`;
}
