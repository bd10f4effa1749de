#!/usr/bin/env bash
# The bridge knows its peers on localhost only: forward those ports, then run it. Any part ending ends the container.
set -euo pipefail

parts=()

say() { printf 'bridge: %s\n' "$*" >&2; }

# forward PORT ADDRESS: of socat.
forward() {
  socat "TCP-LISTEN:$1,bind=127.0.0.1,reuseaddr,fork,max-children=256" "$2" &
  parts+=($!)
}

# must_match NAME VALUE PATTERN WHAT
must_match() {
  if [[ ! $2 =~ $3 ]]; then
    say "$1 is \"$2\", not $4"
    exit 1
  fi
}

stop() {
  trap '' TERM INT
  kill -TERM "${parts[@]}" 2>/dev/null || true
  wait "${parts[@]}" 2>/dev/null || true
  exit 143
}

main() {
  local status=0 homeserver=${HOMESERVER_UPSTREAM:-} mycelium=${MYCELIUM_SOCKET:-}
  trap stop TERM INT
  must_match HOMESERVER_UPSTREAM "$homeserver" '^[A-Za-z0-9._-]+:[0-9]+$' host:port
  forward 8008 "TCP:$homeserver,connect-timeout=5"
  if [[ -n $mycelium ]]; then
    must_match MYCELIUM_SOCKET "$mycelium" '^/[A-Za-z0-9._/-]+$' "an absolute path"
    # Opened anew for each connection: node and socket may come and go.
    forward 8989 "UNIX-CONNECT:$mycelium"
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
