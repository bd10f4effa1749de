#!/usr/bin/env bash
# Made by Hypha: changes here are lost. Asks the Mycelium node for its peers, and leaves figures for node exporter.
# Usage: figures-mycelium DIRECTORY SECONDS
set -euo pipefail

# shellcheck disable=SC2016 # the inner bash expands it
peers() {
  timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8989
    printf "GET /api/v1/admin/peers HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3
    cat <&3' 2>/dev/null || true
}

figures() {
  local reply state
  local -A count=([alive]=0)
  reply=$(peers)
  echo '# TYPE hypha_mycelium_up gauge'
  if [[ $reply != HTTP/1.[01]\ 200\ * ]]; then
    echo 'hypha_mycelium_up 0'
    return
  fi
  echo 'hypha_mycelium_up 1'
  while read -r state; do
    count[$state]=$((${count[$state]:-0} + 1))
  done < <(grep -o '"connectionState": *"[A-Za-z]*"' <<<"$reply" | sed 's/.*"\([A-Za-z]*\)"$/\L\1/')
  echo '# TYPE hypha_mycelium_peers gauge'
  for state in "${!count[@]}"; do echo "hypha_mycelium_peers{state=\"$state\"} ${count[$state]}"; done
}

main() {
  local directory=$1
  while :; do
    figures >"$directory/mycelium.tmp"
    mv "$directory/mycelium.tmp" "$directory/mycelium.prom"
    sleep "$2"
  done
}

main "$@" </dev/null
