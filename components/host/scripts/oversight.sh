# shellcheck shell=bash disable=SC2154 # `placed` is harden.sh's
# Sent before harden.sh: the measures that tell afterwards who did what. As there, a variable without text is a measure
# that is taken back.

AUDIT_FILE=/etc/audit/rules.d/hypha.rules
CHECK_TIMER=hypha-packages.timer
PASSWORDS_FILE=/etc/security/pwquality.conf.d/hypha.conf
NOTICE_FILES=(/etc/issue /etc/issue.net)

no_oversight() { AUDIT_RULES='' CHECK_UNIT='' CHECK_TIMER_UNIT='' PASSWORDS_CONF='' NOTICE=''; }

oversight_facts() {
  local file
  if [[ -n $(audit_rules) ]]; then unit_fact auditd.service; fi
  file_fact "${UNITS}/hypha-packages.service" "${CHECK_UNIT}"
  file_fact "${UNITS}/${CHECK_TIMER}" "${CHECK_TIMER_UNIT}"
  if [[ -n ${CHECK_UNIT} ]]; then unit_fact "${CHECK_TIMER}"; fi
  for file in "${NOTICE_FILES[@]}"; do
    fact diversion "${file}" "$(diversion "${file}")" "${NOTICE:+${file}.without-hypha}"
    if [[ -n ${NOTICE} ]]; then file_fact "${file}" "${NOTICE}"; fi
  done
}

oversight_packages() {
  [[ -z $(audit_rules) ]] || printf '%s\n' auditd
  [[ -z ${CHECK_UNIT} ]] || printf '%s\n' debsums
  # Without a dictionary no password would be good enough.
  [[ -z ${PASSWORDS_CONF} ]] || printf '%s\n' libpam-pwquality cracklib-runtime
}

# Before the packages.
oversight_files() {
  local file
  if [[ -z ${CHECK_UNIT} && -e ${UNITS}/${CHECK_TIMER} ]]; then systemctl disable --quiet --now "${CHECK_TIMER}"; fi
  place "${UNITS}/hypha-packages.service" "${CHECK_UNIT}"
  place "${UNITS}/${CHECK_TIMER}" "${CHECK_TIMER_UNIT}"
  for file in "${NOTICE_FILES[@]}"; do
    if [[ -n ${NOTICE} ]]; then
      divert "${file}"
      place "${file}" "${NOTICE}"
    else
      undivert "${file}"
    fi
  done
}

# After them.
oversight() {
  audit
  if [[ ${placed} == *"${UNITS}/hypha-packages"* ]]; then systemctl daemon-reload; fi
  if [[ -n ${CHECK_UNIT} ]]; then systemctl enable --quiet --now "${CHECK_TIMER}"; fi
  passwords
}

# The kernel's audit is the host's: a container has none.
audit_rules() { if ! in_container; then printf '%s' "${AUDIT_RULES}"; fi; }

audit() {
  local changed=no
  if [[ ${placed} == *" ${AUDIT_FILE} "* ]]; then changed=yes; fi
  if [[ -n ${AUDIT_RULES} ]]; then
    if in_container; then
      skip "the audit of changes" "a container has no audit of its own"
    elif ! systemctl enable --quiet --now auditd || { [[ ${changed} == yes ]] && ! augenrules --load >/dev/null; }; then
      skip "the audit of changes" "the kernel does not take it: journalctl -u auditd"
    fi
  elif [[ ${changed} == yes ]] && command -v augenrules >/dev/null; then
    # It refuses to be stopped, by design: without rules it has nothing to write.
    augenrules --load >/dev/null || true
    systemctl disable --quiet auditd
  fi
}

# The module comes with its package, and is in use where nobody changed the file by hand.
passwords() {
  local file=/etc/pam.d/common-password
  if [[ -n ${PASSWORDS_CONF} ]]; then
    grep -q pam_pwquality "${file}" || pam_update --enable
    grep -q pam_pwquality "${file}" || skip "strength of passwords" "${file} was changed by hand"
  elif [[ ${placed} == *" ${PASSWORDS_FILE} "* ]]; then
    pam_update --remove
  fi
}

pam_update() { DEBIAN_FRONTEND=noninteractive pam-auth-update --package "$1" pwquality >/dev/null; }

# diversion FILE: where dpkg keeps the package's own file while Hypha's is in its place.
diversion() {
  local name
  name=$(dpkg-divert --truename "$1")
  if [[ ${name} == "$1.without-hypha" ]]; then printf '%s' "${name}"; fi
}

# An upgrade of the package goes there too, and asks nobody.
divert() {
  [[ -z $(diversion "$1") ]] || return 0
  cp -p "$1" "$1.without-hypha" 2>/dev/null || : >"$1.without-hypha"
  dpkg-divert --quiet --local --no-rename --divert "$1.without-hypha" --add "$1"
}

undivert() {
  [[ -n $(diversion "$1") ]] || return 0
  if [[ -e $1.without-hypha ]]; then mv "$1.without-hypha" "$1"; fi
  dpkg-divert --quiet --local --no-rename --remove "$1"
}
