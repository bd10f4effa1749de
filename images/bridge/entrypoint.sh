#!/usr/bin/env bash
# The bridge knows its peers on localhost only: forward those ports, then run it. Any part ending ends the container.
set -euo pipefail

parts=()

say() { printf 'bridge: %s\n' "$*" >&2; }

forward() {
  local name=$1 port=$2 upstream=$3 patience=$4
  if [[ ! $upstream =~ ^[A-Za-z0-9._-]+:[0-9]+$ ]]; then
    say "$name is \"$upstream\", not host:port"
    exit 1
  fi
  socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork,max-children=256" "TCP:$upstream,connect-timeout=$patience" &
  parts+=($!)
}

stop() {
  trap '' TERM INT
  kill -TERM "${parts[@]}" 2>/dev/null || true
  wait "${parts[@]}" 2>/dev/null || true
  exit 143
}

main() {
  local status=0
  trap stop TERM INT
  forward HOMESERVER_UPSTREAM 8008 "${HOMESERVER_UPSTREAM:-}" 5
  if [[ -n ${MYCELIUM_UPSTREAM:-} ]]; then
    # The bridge asks it before each answer to a status.
    forward MYCELIUM_UPSTREAM 8989 "$MYCELIUM_UPSTREAM" 1
  fi
  /app/matrix-bridge &
  parts+=($!)
  wait -n "${parts[@]}" || status=$?
  say "a part of the container ended with exit code $status"
  trap '' TERM INT
  kill -TERM "${parts[@]}" 2>/dev/null || true
  return "$((status == 0 ? 1 : status))"
}

main "$@" </dev/null
