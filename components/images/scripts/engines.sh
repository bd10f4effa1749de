# shellcheck shell=bash
# Several Docker engines at once. An engine is one line: its host's name and, after a tab each, what `ssh` needs to get
# there; without them it is this machine's. WORK is a directory
# of the script that uses this.

# at ENGINE COMMAND...: runs it on the engine's host; arguments hold no blanks.
at() {
  local fields
  IFS=$'\t' read -r -a fields <<<"$1"
  shift
  if ((${#fields[@]} == 1)); then "$@"; else ssh "${fields[@]:1}" -- "$@"; fi
}

# run_at ENGINE FUNCTION ARGUMENT...: runs a function of this script there.
run_at() {
  local engine=$1 function=$2
  shift 2
  at "${engine}" bash -s -- "$@" < <(
    declare -f
    printf 'set -euo pipefail\n%s "$@"\n' "${function}"
  )
}

# For `check`, which runs on the host itself.
image_fact() {
  fact image "${REFERENCE}" "$(docker image inspect --format=there "${REFERENCE}" 2>/dev/null || true)" there
}

name_of() { printf '%s' "${1%%$'\t'*}"; }

# each FUNCTION ENGINE...: runs FUNCTION for every engine, four at once, with HOST_NAME, ENGINE and OWN (where its
# files' names start) set. One that fails does not stop the others: its reason is left in `<OWN>.failed`.
each() {
  local function=$1 running=0 engine
  shift
  for engine in "$@"; do
    if ((running == 4)); then
      wait -n || true
      running=3
    fi
    run_for "${function}" "${engine}" &
    running=$((running + 1))
  done
  wait
}

run_for() {
  local function=$1
  ENGINE=$2
  HOST_NAME=$(name_of "${ENGINE}")
  OWN="${WORK}/${HOST_NAME}"
  because "it stopped, see its messages above" || true
  "${function}"
  rm "${OWN}.failed"
}

# because REASON: says why the engine of this run has failed.
because() {
  printf '%s\n' "$1" >"${OWN}.failed"
  return 1
}

# COMMAND 2>"${OWN}.said" || complain: shows what the command complained of.
complain() {
  note "$(tail -n 3 "${OWN}.said")"
  return 1
}

# persist COMMAND: three tries; what was said last is the reason of the failure.
persist() { retry 3 "$@" || because "$(tail -n 1 "${OWN}.said")"; }

failed() { [[ -e "${WORK}/$(name_of "$1").failed" ]]; }

# report WHAT ENGINE...: ends the script if one of them failed, and lists every one that did with its reason.
report() {
  local what=$1 engine name failures=0
  shift
  for engine in "$@"; do
    failed "${engine}" || continue
    name=$(name_of "${engine}")
    failures=$((failures + 1))
    note "failed: ${name}: $(<"${WORK}/${name}.failed")"
  done
  ((failures == 0)) || fail "${what} on ${failures} of $# hosts, listed above" \
    "mend what is listed and run it again: the other hosts are done"
}
