#!/usr/bin/env bash
# Runs PgBouncer and the gateway; either one ending ends the container, with its exit code.
set -euo pipefail

parts=()

say() { printf 'gateway: %s\n' "$*" >&2; }

stop() {
  trap '' TERM INT
  kill -TERM "${parts[@]}" 2>/dev/null || true
  wait "${parts[@]}" 2>/dev/null || true
  exit 143
}

main() {
  local status=0 pooler app ended=''
  trap stop TERM INT
  pgbouncer /etc/hypha/pgbouncer.ini &
  pooler=$!
  parts+=("$pooler")
  # The gateway tries its database once: let the pooler listen first.
  until (: >/dev/tcp/127.0.0.1/5432) 2>/dev/null || ! kill -0 "$pooler" 2>/dev/null; do sleep 0.05; done
  /app/web-gateway &
  app=$!
  parts+=("$app")
  wait -n -p ended "${parts[@]}" || status=$?
  if [[ $ended == "$app" ]]; then
    say "the gateway ended with exit code $status"
  else
    say "the pooler ended with exit code $status"
  fi
  trap '' TERM INT
  kill -TERM "${parts[@]}" 2>/dev/null || true
  return "$((status == 0 ? 1 : status))"
}

main "$@" </dev/null
