# shellcheck shell=bash
# Sent before every host script, after lib.sh: what Hypha keeps on a host, as facts. The verb `check` prints a script's
# table of them and changes nothing; `up` asks the same table what is left to do. A fact is one line,
# `ok<TAB>KIND<TAB>NAME` or `drift<TAB>KIND<TAB>NAME`; below a drift stands its unified diff, each line after a `|`:
# `-` is what the host has, `+` what the stack would write.

# fact KIND NAME HAVE WANT: empty is absent.
fact() {
  if [[ $3 == "$4" ]]; then
    printf 'ok\t%s\t%s\n' "$1" "$2"
    return 0
  fi
  printf 'drift\t%s\t%s\n' "$1" "$2"
  diff -u --label 'on the host' --label 'as the stack writes it' <(fact_lines "$3") <(fact_lines "$4") | sed 's/^/|/' || true
}

fact_lines() { [[ -z $1 ]] || printf '%s\n' "$1"; }

# all_hold COMMAND...: none of the facts that it prints has drifted.
all_hold() { ! grep '^drift' <<<"$("$@")" >/dev/null; }

# access_of PATH: who may do what with it, and whose it is.
access_of() { stat -c 'mode %a, owner %U:%G' "$1"; }

# file_fact PATH TEXT [MODE [OWNER]]: without text there is to be no file.
file_fact() {
  local have='' want=''
  if [[ -e $1 ]]; then have=$(access_of "$1" && cat "$1"); fi
  if [[ -n $2 ]]; then want=$(printf 'mode %s, owner %s\n%s' "${3:-644}" "${4:-root:root}" "$2"); fi
  fact file "$1" "${have}" "${want}"
}

# secret_file_fact PATH MODE OWNER: its content is to be standard input, and is shown to nobody.
secret_file_fact() {
  local have='' content='another content'
  if cmp -s - "$1"; then content="the stack's content"; fi
  if [[ -e $1 ]]; then have="$(access_of "$1"), ${content}"; fi
  fact file "$1" "${have}" "mode $2, owner $3, the stack's content"
}

# directory_fact PATH MODE OWNER
directory_fact() {
  local have=''
  if [[ -d $1 ]]; then have=$(access_of "$1"); fi
  fact directory "$1" "${have}" "mode $2, owner $3"
}

# unit_fact UNIT: starts at boot, and runs.
unit_fact() {
  fact unit "$1" "$(unit_property UnitFileState "$1"), $(unit_property ActiveState "$1")" 'enabled, active'
}

unit_property() { systemctl show --property "$1" --value "$2"; }

package_state() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true; }

# missing_packages PACKAGE...: those that are not installed, one in a line.
missing_packages() {
  local package
  for package in "$@"; do
    [[ $(package_state "${package}") == installed ]] || printf '%s\n' "${package}"
  done
}

package_facts() {
  local package
  for package in "$@"; do fact package "${package}" "$(package_state "${package}")" installed; done
}

account_fact() {
  fact account "$1" "$(if id -u "$1" >/dev/null 2>&1; then printf 'there'; fi)" there
}
