#!/usr/bin/env bash
# Healthy: /health answers "OK" and the status is JSON that counts the connected servers. A status that is late is
# waiting for Mycelium: starting the bridge again would not help, and would lose its routes.
set -euo pipefail

get() {
  local reply
  exec 3<>/dev/tcp/127.0.0.1/8081
  printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3
  reply=$({ timeout 2 cat <&3 || true; } | tr -d '\r')
  exec 3>&-
  [[ -n $reply ]] || return 0
  [[ $reply == "HTTP/1."?" 200 "* ]] || return 1
  printf '%s' "${reply#*$'\n\n'}"
}

[[ $(get /health) == OK ]]
status=$(get /api/v1/bridge/status)
[[ -z $status || $status =~ ^\{.*\"connected_servers\":\ ?[0-9]+.*\}$ ]]
