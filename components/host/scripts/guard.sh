# shellcheck shell=bash
# Sent before harden.sh: firewall and sshd, which could shut the operator out. So their old state is saved and a timer
# armed that puts it back after REVERT_SECONDS; only CONFIRM=yes, over a fresh login, stops the timer.

STATE=/var/lib/hypha/hardening
REVERT_SECONDS=60
NFT_FILE=/etc/hypha/nftables.conf
SSHD_FILE=/etc/ssh/sshd_config.d/10-hypha.conf
FIREWALL_UNIT=hypha-firewall.service
REVERT_UNIT=hypha-revert.service

# Before the network is up and the engine publishes ports; after one that begins with flushing all rules.
firewall_unit() {
  [[ -n ${NFTABLES_CONF} ]] || return 0
  cat <<UNIT
[Unit]
Description=Hypha's firewall
DefaultDependencies=no
After=local-fs.target nftables.service
Wants=network-pre.target
Before=network-pre.target docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${NFT_FILE}
ExecReload=/usr/sbin/nft -f ${NFT_FILE}
ExecStop=-/usr/sbin/nft delete table inet hypha
[Install]
WantedBy=sysinit.target
UNIT
}

# A server that restarts before the login came puts the old state back too.
revert_unit() {
  cat <<UNIT
[Unit]
Description=Puts back the firewall and sshd of before a change that no fresh login confirmed
ConditionPathExists=${STATE}/pending
[Service]
Type=oneshot
ExecStart=/bin/bash ${STATE}/revert
[Install]
WantedBy=multi-user.target
UNIT
}

guarded_files() { printf '%s\n' "${NFT_FILE}" "${SSHD_FILE}" "${UNITS}/${FIREWALL_UNIT}"; }

# What the firewall and sshd are to be.
guarded_facts() {
  local rules
  file_fact "${NFT_FILE}" "${NFTABLES_CONF}"
  file_fact "${SSHD_FILE}" "${SSHD_CONF}"
  file_fact "${UNITS}/${FIREWALL_UNIT}" "$(firewall_unit)"
  if [[ -n ${NFTABLES_CONF} ]]; then
    unit_fact "${FIREWALL_UNIT}"
    rules=$(nft -s list table inet hypha 2>/dev/null || true)
    fact rules 'table inet hypha' "${rules}" "$(wanted_rules "${rules}")"
  fi
  if [[ -n ${SSHD_CONF} ]]; then fact setting sshd "$(password_login)" 'passwordauthentication no'; fi
  [[ -n ${NFTABLES_CONF}${SSHD_CONF} ]] || return 0
  file_fact "${UNITS}/${REVERT_UNIT}" "$(revert_unit)"
  fact 'unit at boot' "${REVERT_UNIT}" "$(unit_property UnitFileState "${REVERT_UNIT}")" enabled
}

# The rules as the kernel would list them, from a network of their own that is gone again at once. Where there can be
# none, those that are there count.
wanted_rules() {
  unshare --net bash -c 'nft -f /dev/stdin && nft -s list table inet hypha' <<<"${NFTABLES_CONF}" ||
    printf '%s' "${1:-table inet hypha}"
}

password_login() {
  mkdir -p /run/sshd
  sshd -T | grep '^passwordauthentication ' || true
}

in_place() { all_hold guarded_facts; }

# Firewall and sshd, with the way back prepared first.
guarded() {
  locked
  if in_place && [[ ! -e ${STATE}/pending ]]; then return 0; fi
  try
  arm
  place "${NFT_FILE}" "${NFTABLES_CONF}"
  place "${UNITS}/${FIREWALL_UNIT}" "$(firewall_unit)"
  place "${SSHD_FILE}" "${SSHD_CONF}"
  if ! activate || ! effective; then
    revert
    disarm
    fail "the new firewall or sshd settings could not be applied; the old ones are back" "see the messages above"
  fi
  note "firewall and sshd are set; they go back in ${REVERT_SECONDS} s unless a fresh login confirms them"
}

locked() {
  mkdir -p "${STATE}"
  exec 9>"${STATE}/lock"
  flock 9
}

# The kernel and sshd say what they make of it, before it is theirs.
try() {
  if [[ -n ${NFTABLES_CONF} ]]; then
    nft -c -f /dev/stdin <<<"${NFTABLES_CONF}" ||
      fail "the kernel refuses the firewall's rules" "see the message above, or set hypha:hosts.${HOST_NAME}.hardening.firewall.enabled: false"
  fi
  if [[ -n ${SSHD_CONF} ]]; then
    mkdir -p /run/sshd
    printf '%s' "${SSHD_CONF}" >"${STATE}/sshd"
    sshd -t -f "${STATE}/sshd" || fail "sshd refuses its new settings" "see the message above"
  fi
}

# sshd reads drop-ins only where its own file says so.
effective() {
  [[ -z ${SSHD_CONF} || $(password_login) == 'passwordauthentication no' ]] || {
    note "/etc/ssh/sshd_config overrules ${SSHD_FILE}: its first line must be: Include /etc/ssh/sshd_config.d/*.conf"
    return 1
  }
}

arm() {
  local file
  if [[ ! -e ${STATE}/pending ]]; then
    rm -rf "${STATE}/before" "${STATE}/reverted"
    mkdir -p "${STATE}/before"
    while read -r file; do
      if [[ -e ${file} ]]; then cp -p "${file}" "${STATE}/before/"; fi
    done < <(guarded_files)
  fi
  {
    declare -p STATE NFT_FILE SSHD_FILE UNITS FIREWALL_UNIT
    declare -f locked guarded_files activate revert
    echo 'locked && revert'
  } >"${STATE}/revert"
  place "${UNITS}/${REVERT_UNIT}" "$(revert_unit)"
  : >"${STATE}/pending"
  systemctl daemon-reload
  systemctl enable --quiet "${REVERT_UNIT}"
  disarm
  if ! systemd-run --quiet --unit="${REVERT_UNIT}" --on-active="${REVERT_SECONDS}" --timer-property=AccuracySec=1s; then
    rm "${STATE}/pending"
    fail "no timer could be set that puts the old state back, so nothing was changed" "see the message above"
  fi
}

disarm() { systemctl stop "${REVERT_UNIT%.service}.timer" 2>/dev/null || true; }

# What the files say becomes what runs.
activate() {
  systemctl daemon-reload
  if [[ -e ${NFT_FILE} ]]; then
    systemctl enable --quiet "${FIREWALL_UNIT}" && systemctl reload-or-restart "${FIREWALL_UNIT}" || return 1
  else
    systemctl disable --quiet --now "${FIREWALL_UNIT}" 2>/dev/null || true
    nft delete table inet hypha 2>/dev/null || true
  fi
  mkdir -p /run/sshd
  sshd -t && systemctl try-reload-or-restart ssh.service
}

revert() {
  local file
  [[ -e ${STATE}/pending ]] || return 0
  # The unit's own way to stop needs the unit's file.
  if [[ ! -e ${STATE}/before/${NFT_FILE##*/} && -e ${UNITS}/${FIREWALL_UNIT} ]]; then
    systemctl disable --quiet --now "${FIREWALL_UNIT}" || true
  fi
  while read -r file; do
    if [[ -e ${STATE}/before/${file##*/} ]]; then
      cp -p "${STATE}/before/${file##*/}" "${file}"
    else
      rm -f "${file}"
    fi
  done < <(guarded_files)
  activate || true
  date +%s >"${STATE}/reverted"
  rm -f "${STATE}/pending"
}

# This session is the fresh login.
confirm() {
  local age
  locked
  if [[ -e ${STATE}/pending ]]; then
    disarm
    rm -f "${STATE}/pending"
    return 0
  fi
  age=-1
  if [[ -e ${STATE}/reverted ]]; then age=$(($(date +%s) - $(<"${STATE}/reverted"))); fi
  rm -f "${STATE}/reverted"
  # Whoever was shut out dials until the old state is back. A login long after it comes from a later run.
  if ((age >= 0 && age < REVERT_SECONDS)); then
    fail "the new firewall or sshd settings shut out a fresh login, so the server put the old ones back" \
      "check hypha:hosts.${HOST_NAME}.port (it must be sshd's own), .user and .hardening"
  fi
  if in_place; then return 0; fi
  guarded
  fail "an interrupted run had left the old state" "applied again: a fresh login has to confirm"
}

remove_guarded() {
  locked
  disarm
  systemctl disable --quiet --now "${FIREWALL_UNIT}" 2>/dev/null || true
  rm -f "${NFT_FILE}" "${SSHD_FILE}"
  activate
  systemctl disable --quiet "${REVERT_UNIT}" 2>/dev/null || true
  rm -rf "${UNITS:?}/${FIREWALL_UNIT}" "${UNITS:?}/${REVERT_UNIT}" "${STATE}"
  systemctl daemon-reload
}
