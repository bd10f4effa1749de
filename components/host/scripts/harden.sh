#!/usr/bin/env bash
# Hardens a prepared server. A measure's variable holds its file's text; empty, Hypha's part of it is taken back.
# Prints what the server does not allow, as JSON. guard.sh, sent before it, has the firewall and sshd; oversight.sh what
# tells who did what.

UNITS=/etc/systemd/system
JAIL_FILE=/etc/fail2ban/jail.d/hypha.local
OPERATOR_FILE=/etc/fail2ban/jail.d/hypha2-operator.local
JOURNALD_FILE=/etc/systemd/journald.conf.d/hypha.conf

main() {
  case ${1:-up}${CONFIRM:+-confirm} in
    up) up ;;
    up-confirm) confirm ;;
    check) facts ;;
    check-confirm) guarded_facts ;;
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

facts() {
  local wanted
  each_file file_fact
  # It names whoever deployed last, from wherever that was.
  file_fact "${OPERATOR_FILE}" "$(operator_jail "$(sed -n 's/^ignoreip = .* //p' "${OPERATOR_FILE}" 2>/dev/null || true)")"
  mapfile -t wanted < <(wanted_packages)
  package_facts "${wanted[@]}"
  if [[ -n ${FAIL2BAN_CONF} ]]; then unit_fact fail2ban.service; fi
  if [[ -n ${TIME_SYNC} ]] && ! in_container && ! other_time_service; then unit_fact systemd-timesyncd.service; fi
  if [[ $(swap_plan) == on ]]; then
    file_fact "${UNITS}/${SWAP_UNIT}" "$(swap_unit)"
    unit_fact "${SWAP_UNIT}"
  fi
  kernel_facts
  oversight_facts
  guarded_facts
}

# each_file COMMAND: with each measure's file and its text.
each_file() {
  local rules
  rules=$(audit_rules)
  "$1" /etc/apt/apt.conf.d/52hypha-upgrades "${UPGRADES_CONF}"
  "$1" "${JAIL_FILE}" "${FAIL2BAN_CONF}"
  "$1" "${JOURNALD_FILE}" "${JOURNALD_CONF}"
  "$1" /etc/sysctl.d/90-hypha.conf "${SYSCTL_CONF}"
  "$1" /etc/needrestart/conf.d/hypha.conf "${RESTARTS_CONF}"
  "$1" /etc/modprobe.d/hypha.conf "${MODULES_CONF:+$(install_lines no)$'\n'}"
  "$1" /etc/security/limits.d/90-hypha.conf "${CORE_LIMITS_CONF}"
  "$1" /etc/profile.d/hypha-core.sh "${CORE_PROFILE}"
  "$1" /etc/systemd/coredump.conf.d/hypha.conf "${COREDUMP_CONF}"
  "$1" /etc/profile.d/hypha.sh "${SHELLS_PROFILE}"
  "$1" "${AUDIT_FILE}" "${rules:+${rules}$'\n'}"
  "$1" "${PASSWORDS_FILE}" "${PASSWORDS_CONF}"
  "$1" /etc/motd.d/hypha "${NOTICE}"
}

placed=''
# place FILE TEXT: makes it so, and notes in `placed` that this was a change. No text, no file.
place() {
  if all_hold file_fact "$1" "$2"; then return 0; fi
  placed+=" $1 "
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

# Whoever deploys is never banned: a wrong account in the config is ten failed logins. Read after the other jail file.
operator_jail() {
  [[ -z ${FAIL2BAN_CONF} ]] || printf '[sshd]\nignoreip = 127.0.0.0/8 ::1 %s\n' "${1:-$(client)}"
}

# Before the packages, so that a service starts with its settings.
configure() {
  each_file place
  place "${OPERATOR_FILE}" "$(operator_jail "$(client)")"
  oversight_files
  loaded_modules
  if [[ ${placed} == *" ${JOURNALD_FILE} "* ]]; then systemctl restart systemd-journald; fi
}

# install_lines yes|no: the lines for modules that are loaded, or all others. One that is loaded is in use: the server
# may have booted from such a disk.
install_lines() {
  local line name is_loaded
  while IFS= read -r line; do
    name=${line#install }
    name=${name%% *}
    is_loaded=no
    if [[ ${line} == install\ * ]] && grep -q "^${name//-/_} " /proc/modules 2>/dev/null; then is_loaded=yes; fi
    if [[ ${is_loaded} == "$1" ]]; then printf '%s\n' "${line}"; fi
  done <<<"${MODULES_CONF%$'\n'}"
}

loaded_modules() {
  local name
  while read -r _ name _; do
    skip "module ${name}" "it is loaded, so something uses it"
  done < <(install_lines yes)
}

other_time_service() { systemctl is-active --quiet chrony chronyd ntp ntpd ntpsec openntpd; }

wanted_packages() {
  [[ -z ${NFTABLES_CONF}${FAIL2BAN_CONF} ]] || printf '%s\n' nftables
  [[ -z ${FAIL2BAN_CONF} ]] || printf '%s\n' fail2ban python3-systemd
  [[ -z ${UPGRADES_CONF} ]] || printf '%s\n' unattended-upgrades needrestart
  if [[ -n ${TIME_SYNC} ]] && ! in_container && ! other_time_service; then printf '%s\n' systemd-timesyncd; fi
  oversight_packages
}

packages() {
  local wanted=() missing=()
  mapfile -t wanted < <(wanted_packages)
  mapfile -t missing < <(missing_packages "${wanted[@]}")
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
    if [[ ${placed} == */fail2ban/* ]]; then systemctl restart fail2ban; fi
  elif [[ ${placed} == */fail2ban/* ]]; then
    systemctl disable --quiet --now fail2ban
  fi
  time_sync
  swap
  kernel_settings
  oversight
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
# There where the kernel did not take the file.
SWAP_REFUSED=${SWAP_FILE}.refused

swap() {
  case $(swap_plan) in
    off) swap_off ;;
    container) skip swap "a container uses its host's" ;;
    theirs) ;;
    no-room) skip swap "${SWAP_MIB} MiB would take over a quarter of the free disk" ;;
    refused | on) swap_on ;;
  esac
}

# What becomes of swap on this server.
swap_plan() {
  if ((SWAP_MIB == 0)); then
    echo off
  elif in_container; then
    echo container
  elif [[ ! -e ${SWAP_FILE} && $(wc -l </proc/swaps) -gt 1 ]]; then
    echo theirs
  elif [[ ! -e ${SWAP_FILE} ]] && (($(disk_free_mib /var/lib/hypha) < 4 * SWAP_MIB)); then
    echo no-room
  elif [[ -e ${SWAP_REFUSED} ]]; then
    echo refused
  else
    echo on
  fi
}

swap_unit() { printf '[Swap]\nWhat=%s\n[Install]\nWantedBy=swap.target\n' "${SWAP_FILE}"; }

swap_on() {
  place "${UNITS}/${SWAP_UNIT}" "$(swap_unit)"
  if [[ ${placed} == *" ${UNITS}/${SWAP_UNIT} "* ]]; then systemctl daemon-reload; fi
  rm -f "${SWAP_REFUSED}"
  if [[ ! -e ${SWAP_FILE} ]]; then
    mkdir -p "$(dirname "${SWAP_FILE}")"
    fallocate -l "${SWAP_MIB}M" "${SWAP_FILE}.new"
    chmod 0600 "${SWAP_FILE}.new"
    mkswap "${SWAP_FILE}.new" >/dev/null
    mv "${SWAP_FILE}.new" "${SWAP_FILE}"
  fi
  if ! systemctl enable --quiet --now "${SWAP_UNIT}"; then
    swap_off
    : >"${SWAP_REFUSED}"
    skip swap "the kernel does not take a file on this file system: journalctl -u ${SWAP_UNIT}"
  fi
}

swap_off() {
  if [[ -e ${UNITS}/${SWAP_UNIT} ]]; then systemctl disable --quiet --now "${SWAP_UNIT}" || true; fi
  rm -f "${UNITS}/${SWAP_UNIT}" "${SWAP_FILE}" "${SWAP_REFUSED}"
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

# Those that the server allows; what it does not was told by `up`.
kernel_facts() {
  local key value
  while IFS=' =' read -r key value; do
    if [[ ${key} != *.* || ! -w /proc/sys/${key//.//} ]] || { [[ ${key} != net.* ]] && in_container; }; then continue; fi
    fact kernel "${key}" "$(sysctl -n "${key}" 2>/dev/null || true)" "${value}"
  done <<<"${SYSCTL_CONF}"
}

down() {
  FAIL2BAN_CONF='' UPGRADES_CONF='' JOURNALD_CONF='' SYSCTL_CONF='' SWAP_MIB=0 TIME_SYNC='' RESTARTS_CONF=''
  MODULES_CONF='' CORE_LIMITS_CONF='' CORE_PROFILE='' COREDUMP_CONF='' SHELLS_PROFILE=''
  no_oversight
  configure
  start
  remove_guarded
}

main "$@" </dev/null
