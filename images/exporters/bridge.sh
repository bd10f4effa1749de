#!/usr/bin/env bash
# What the bridge's status says, as figures: every replica behind the DNS name $BRIDGE, port 8081, is asked every
# $SECONDS_BETWEEN seconds; node exporter hands it out on 9105.
set -euo pipefail

# shellcheck source=images/exporters/loop.sh
. /usr/local/lib/hypha/loop.sh

# The body that $1 answers; nothing where it does not.
# shellcheck disable=SC2016 # the inner bash expands it
status_of() {
  timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/8081"
    printf "GET /api/v1/bridge/status HTTP/1.0\r\nHost: %s\r\n\r\n" "$1" >&3
    cat <&3' _ "$1" 2>/dev/null || true
}

# A number or truth value of the JSON $1 under the key $2, as a number.
number() {
  [[ $1 =~ \"$2\":\ *([0-9]+|true|false) ]] || return 1
  case ${BASH_REMATCH[1]} in true) echo 1 ;; false) echo 0 ;; *) echo "${BASH_REMATCH[1]}" ;; esac
}

collect() {
  local address reply labels key value addresses
  local -A series=()
  addresses=$(getent ahostsv4 "$BRIDGE" | awk '{ print $1 }' | sort -u || true)
  for address in $addresses; do
    reply=$(status_of "$address")
    labels="replica=\"$address\""
    if [[ $reply == HTTP/1.[01]\ 200\ *connected_servers* ]]; then
      series[up]+="hypha_bridge_up{$labels} 1"$'\n'
    else
      series[up]+="hypha_bridge_up{$labels} 0"$'\n'
      continue
    fi
    for key in connected_servers pending_messages mycelium_connected; do
      value=$(number "$reply" "$key") || continue
      series[$key]+="hypha_bridge_$key{$labels} $value"$'\n'
    done
  done
  {
    for key in "${!series[@]}"; do printf '# TYPE hypha_bridge_%s gauge\n%s' "$key" "${series[$key]}"; done
    printf '# TYPE hypha_bridge_replicas gauge\nhypha_bridge_replicas %d\n' "$(wc -w <<<"$addresses")"
  } >"$directory/bridge.tmp"
  mv "$directory/bridge.tmp" "$directory/bridge.prom"
}

main() {
  : "${BRIDGE:?the bridge\'s DNS name}"
  serve 9105
}

main "$@" </dev/null
