# shellcheck shell=bash
# Sent before every host script: how they speak and how they try again. Messages go to standard error, facts to
# standard output. HOST_NAME is the host's key in the config.
set -euo pipefail

note() { printf '%s: %s\n' "${HOST_NAME:?}" "$*" >&2; }

# fail WHAT FIX: ends the script; the message names the host, what was wrong and what to do.
fail() {
  printf '%s: %s\n%s: what to do: %s\n' "${HOST_NAME:?}" "$1" "${HOST_NAME}" "$2" >&2
  exit 1
}

# retry TRIES COMMAND...: exponential backoff from 2 s, at most 30 s between tries, no new try after ten minutes.
retry() {
  local tries=$1 pause=2 n=1 deadline=$((SECONDS + 600))
  shift
  until "$@"; do
    if ((n >= tries || SECONDS + pause > deadline)); then
      note "gave up after ${n} tries: $*"
      return 1
    fi
    note "try ${n} of ${tries} failed, again in ${pause} s: $*"
    sleep "${pause}"
    n=$((n + 1))
    pause=$((pause * 2 > 30 ? 30 : pause * 2))
  done
}

# download URL FILE: a connection that brings less than 1 KiB a second for a minute counts as failed.
download() {
  retry 4 curl -fsSL --connect-timeout 15 --speed-limit 1024 --speed-time 60 "$1" -o "$2"
}

# wait_for SECONDS COMMAND...: polls twice a second until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.5
  done
}

json_string() {
  local text
  text=$(tr -d '[:cntrl:]' <<<"$1")
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# require_ports_free: each port in $PORTS is free, or held by the Docker engine itself.
require_ports_free() {
  local port holder
  command -v ss >/dev/null || return 0
  for port in ${PORTS:-}; do
    holder=$(ss -Hltnp "sport = :${port}" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | head -n 1)
    [[ -n $(ss -Hltn "sport = :${port}" 2>/dev/null) ]] || continue
    case ${holder} in
      docker-proxy | dockerd) ;;
      *) fail "port ${port} is in use by ${holder:-another process}" \
        "stop it, or set another port under hypha:edge.ports" ;;
    esac
  done
}

# What apt and dpkg have to complain of goes to standard error.
apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >/dev/null; }

disk_free_mib() {
  local dir=$1
  while [[ ! -d ${dir} ]]; do dir=$(dirname "${dir}"); done
  df -Pm "${dir}" | awk 'NR == 2 { print $4 }'
}
