# shellcheck shell=bash
# Sent to a host by `make validate`, after its variables: what the host is doing now, a line NAME<TAB>VALUE each. It
# changes nothing, and needs no rights. API_PORT is that of its Mycelium node, PEERS are the other nodes' addresses.
set -u

say() { printf '%s\t%s\n' "$1" "$2"; }

# api PATH: the body that the node's API answers with.
api() {
  # shellcheck disable=SC2016 # the inner shell expands it
  timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 && cat <&3' _ "${API_PORT}" "$1" 2>/dev/null |
    sed '1,/^\r*$/d' | tr -d '\r\n'
}

say disk "$(df -P "${DATA}" | awk 'NR == 2 { print $5 }')"
say inodes "$(df -Pi "${DATA}" | awk 'NR == 2 { print $5 }')"
say memory "$(awk '/^MemTotal:/ { total = $2 } /^MemAvailable:/ { printf "%d", 100 - 100 * $2 / total }' /proc/meminfo)"
say load "$(cut -d' ' -f1 /proc/loadavg)"
say cpus "$(nproc)"
if [[ -n ${API_PORT} ]]; then
  say admin "$(api /api/v1/admin)"
  say peers "$(api /api/v1/admin/peers)"
  for peer in ${PEERS}; do
    if ! command -v ping >/dev/null; then
      say "ping ${peer}" 'no ping here'
    else
      say "ping ${peer}" "$(ping -6 -n -c 3 -i 0.3 -W 3 "${peer}" 2>&1 | grep -o '[0-9.]*% packet loss' || echo 'no answer')"
    fi
  done
fi
