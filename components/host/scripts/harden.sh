#!/usr/bin/env bash
# Hardens a prepared server. A measure's variable holds its file's text; empty, Hypha's part of it is taken back.
# Prints what the server does not allow, as JSON. guard.sh, sent before it, has the firewall and sshd.

UNITS=/etc/systemd/system

main() {
  case ${1:-up}${CONFIRM:+-confirm} in
    up) up ;;
    up-confirm) confirm ;;
    down) down ;;
  esac
}

up() {
  configure
  packages
  start
  guarded
  (IFS=, && printf '{"skipped":[%s]}\n' "${skipped[*]:-}")
}

skipped=()
# skip WHAT WHY: the server does not allow a measure. It is told, and no failure.
skip() {
  note "skipped $1: $2"
  skipped+=("$(json_string "$1: $2")")
}

in_container() { systemd-detect-virt --quiet --container; }

# holds FILE TEXT: the file is as it should be; no text, no file.
holds() {
  if [[ -z $2 ]]; then [[ ! -e $1 ]]; else [[ -e $1 && $(<"$1") == "${2%$'\n'}" ]]; fi
}

# place FILE TEXT: makes it so. Succeeds when that was a change.
place() {
  if holds "$1" "$2"; then return 1; fi
  if [[ -z $2 ]]; then
    rm -f "$1"
  else
    mkdir -p "$(dirname "$1")"
    printf '%s' "$2" | install -m 0644 /dev/stdin "$1"
  fi
}

# Address that this session comes from. sudo drops the variable, and has it itself.
client() {
  local connection=${SSH_CONNECTION:-}
  [[ -n ${connection} ]] || connection=$(tr '\0' '\n' <"/proc/${PPID}/environ" | sed -n 's/^SSH_CONNECTION=//p')
  printf '%s' "${connection%% *}"
}

# Whoever deploys is never banned: a wrong account in the config alone is ten failed logins. Read after hypha.local.
operator_jail() {
  [[ -z ${FAIL2BAN_CONF} ]] || printf '[sshd]\nignoreip = 127.0.0.0/8 ::1 %s\n' "$(client)"
}

# Before the packages, so that a service starts with its settings.
configure() {
  fail2ban_changed=no
  place /etc/apt/apt.conf.d/52hypha-upgrades "${UPGRADES_CONF}" || true
  if place /etc/fail2ban/jail.d/hypha.local "${FAIL2BAN_CONF}"; then fail2ban_changed=yes; fi
  if place /etc/fail2ban/jail.d/hypha2-operator.local "$(operator_jail)"; then fail2ban_changed=yes; fi
  if place /etc/systemd/journald.conf.d/hypha.conf "${JOURNALD_CONF}"; then systemctl restart systemd-journald; fi
  place /etc/sysctl.d/90-hypha.conf "${SYSCTL_CONF}" || true
  place /etc/needrestart/conf.d/hypha.conf "${RESTARTS_CONF}" || true
  modules
  place /etc/security/limits.d/90-hypha.conf "${CORE_LIMITS_CONF}" || true
  place /etc/systemd/coredump.conf.d/hypha.conf "${COREDUMP_CONF}" || true
  place /etc/profile.d/hypha.sh "${SHELLS_PROFILE}" || true
}

# A module that is loaded is in use: the server may have booted from such a disk.
modules() {
  local line name kept=''
  while IFS= read -r line; do
    name=${line#install }
    name=${name%% *}
    if [[ ${line} == install\ * ]] && grep -q "^${name//-/_} " /proc/modules 2>/dev/null; then
      skip "module ${name}" "it is loaded, so something uses it"
    else
      kept+=${line}$'\n'
    fi
  done <<<"${MODULES_CONF%$'\n'}"
  place /etc/modprobe.d/hypha.conf "${MODULES_CONF:+${kept}}" || true
}

other_time_service() { systemctl is-active --quiet chrony chronyd ntp ntpd ntpsec openntpd; }

packages() {
  local package wanted=() missing=()
  [[ -z ${NFTABLES_CONF} ]] || wanted+=(nftables)
  [[ -z ${FAIL2BAN_CONF} ]] || wanted+=(fail2ban nftables python3-systemd)
  [[ -z ${UPGRADES_CONF} ]] || wanted+=(unattended-upgrades needrestart)
  if [[ -n ${TIME_SYNC} ]] && ! in_container && ! other_time_service; then wanted+=(systemd-timesyncd); fi
  for package in "${wanted[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "${package}" 2>/dev/null || true) == installed ]] ||
      missing+=("${package}")
  done
  ((${#missing[@]} > 0)) || return 0
  note "installing ${missing[*]}"
  retry 5 apt_get update ||
    fail "its package lists cannot be fetched" "see the messages above; check /etc/apt/sources.list and the network"
  retry 3 apt_get install -y --no-install-recommends "${missing[@]}" ||
    fail "the packages ${missing[*]} could not be installed" \
      "see the messages above, or switch the measure off under hypha:hosts.${HOST_NAME}.hardening"
}

start() {
  if [[ -n ${FAIL2BAN_CONF} ]]; then
    systemctl enable --quiet --now fail2ban
    if [[ ${fail2ban_changed} == yes ]]; then systemctl restart fail2ban; fi
  elif [[ ${fail2ban_changed} == yes ]]; then
    systemctl disable --quiet --now fail2ban
  fi
  time_sync
  swap
  kernel_settings
}

time_sync() {
  [[ -n ${TIME_SYNC} ]] || return 0
  if in_container; then
    skip "time synchronisation" "a container has its host's clock"
  elif ! other_time_service; then
    systemctl enable --quiet --now systemd-timesyncd ||
      skip "time synchronisation" "systemd-timesyncd does not start: journalctl -u systemd-timesyncd"
  fi
}

SWAP_FILE=/var/lib/hypha/swapfile
SWAP_UNIT=var-lib-hypha-swapfile.swap

swap() {
  if ((SWAP_MIB == 0)); then
    swap_off
  elif in_container; then
    skip swap "a container uses its host's"
  elif [[ ! -e ${SWAP_FILE} && $(wc -l </proc/swaps) -gt 1 ]]; then
    : # The server has swap of its own.
  elif [[ ! -e ${SWAP_FILE} ]] && (($(disk_free_mib /var/lib/hypha) < 4 * SWAP_MIB)); then
    skip swap "${SWAP_MIB} MiB would take over a quarter of the free disk"
  else
    swap_on
  fi
}

swap_on() {
  place "${UNITS}/${SWAP_UNIT}" "$(printf '[Swap]\nWhat=%s\n[Install]\nWantedBy=swap.target\n' "${SWAP_FILE}")" &&
    systemctl daemon-reload
  if [[ ! -e ${SWAP_FILE} ]]; then
    mkdir -p "$(dirname "${SWAP_FILE}")"
    fallocate -l "${SWAP_MIB}M" "${SWAP_FILE}.new"
    chmod 0600 "${SWAP_FILE}.new"
    mkswap "${SWAP_FILE}.new" >/dev/null
    mv "${SWAP_FILE}.new" "${SWAP_FILE}"
  fi
  if ! systemctl enable --quiet --now "${SWAP_UNIT}"; then
    swap_off
    skip swap "the kernel does not take a file on this file system: journalctl -u ${SWAP_UNIT}"
  fi
}

swap_off() {
  if [[ -e ${UNITS}/${SWAP_UNIT} ]]; then systemctl disable --quiet --now "${SWAP_UNIT}" || true; fi
  rm -f "${UNITS}/${SWAP_UNIT}" "${SWAP_FILE}"
}

kernel_settings() {
  local key value shared=() refused=()
  while IFS=' =' read -r key value; do
    if [[ ${key} != *.* ]]; then
      continue
    elif [[ ${key} != net.* ]] && in_container; then
      shared+=("${key}")
    elif ! sysctl -qw "${key}=${value}" 2>/dev/null; then
      refused+=("${key}")
    fi
  done <<<"${SYSCTL_CONF}"
  ((${#shared[@]} == 0)) || skip "${shared[*]}" "a container shares these with its host"
  ((${#refused[@]} == 0)) || skip "${refused[*]}" "the kernel does not have or allow these"
}

down() {
  FAIL2BAN_CONF='' UPGRADES_CONF='' JOURNALD_CONF='' SYSCTL_CONF='' SWAP_MIB=0 TIME_SYNC='' RESTARTS_CONF=''
  MODULES_CONF='' CORE_LIMITS_CONF='' COREDUMP_CONF='' SHELLS_PROFILE=''
  configure
  start
  remove_guarded
}

main "$@" </dev/null
