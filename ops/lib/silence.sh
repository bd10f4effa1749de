#!/usr/bin/env bash
# Run inside Alertmanager's container, which has bash and no HTTP client: sends standard input to its API.
# Usage: bash -c "$(<silence.sh)" _ METHOD PATH
set -euo pipefail

main() {
  local body
  body=$(cat)
  exec 3<>"/dev/tcp/127.0.0.1/${ALERTMANAGER_PORT:-9093}"
  LC_ALL=C
  printf '%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' \
    "$1" "$2" "${#body}" "$body" >&3
  cat <&3
}

main "$@"
