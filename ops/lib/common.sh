# shellcheck shell=bash
# Shared by the shell scripts of ops/ and lab/. Source it; it only defines.

# Colours belong on a terminal; elsewhere lines are plain and carry their time.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  HYPHA_BOLD=$'\e[1m' HYPHA_GREEN=$'\e[32m' HYPHA_RED=$'\e[31m' HYPHA_OFF=$'\e[0m'
  stamp() { :; }
else
  HYPHA_BOLD='' HYPHA_GREEN='' HYPHA_RED='' HYPHA_OFF=''
  stamp() { date -u '+%Y-%m-%dT%H:%M:%SZ '; }
fi

say() { printf '%s%s\n' "$(stamp)" "$*"; }
good() { say "${HYPHA_GREEN}$*${HYPHA_OFF}"; }
title() { say "${HYPHA_BOLD}$*${HYPHA_OFF}"; }
complain() { printf '%s%s%s%s\n' "$(stamp)" "$HYPHA_RED" "$*" "$HYPHA_OFF" >&2; }

# die MESSAGE…: one line each, then exit 1.
die() {
  local line
  for line in "$@"; do complain "$line"; done
  exit 1
}

# Seconds with one decimal since START (an EPOCHREALTIME value).
seconds_since() {
  awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

have() { command -v "$1" >/dev/null 2>&1; }

# The operator already agreed (YES=1, or CI, which has nobody to ask).
agreed() { [ "${YES:-}" = 1 ] || [ "${CI:-}" = true ]; }

# agree QUESTION: yes when agreed or answered so; no without a terminal.
agree() {
  agreed && return 0
  [ -t 0 ] || return 1
  local answer
  read -r -p "$1 [y/N] " answer
  [[ $answer =~ ^[Yy] ]]
}

# os_field NAME: a field of os-release (HYPHA_OS_RELEASE stands in for it in tests).
os_field() {
  local file=${HYPHA_OS_RELEASE:-/etc/os-release}
  [ -r "$file" ] || return 0
  # shellcheck disable=SC1090  # the file is the system's own
  (. "$file" && eval "printf '%s' \"\${$1:-}\"")
}

# Debian, Ubuntu and what calls itself like them.
is_debian_like() {
  case " $(os_field ID) $(os_field ID_LIKE) " in
    *" debian "* | *" ubuntu "*) return 0 ;;
    *) return 1 ;;
  esac
}

# until_true SECONDS COMMAND…: tries every 0.2 s until it succeeds or the time is up.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

# apt_install PACKAGE…: quietly, with what it says shown only when it fails.
apt_install() {
  local log
  log=$(mktemp)
  if ! {
    apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}
