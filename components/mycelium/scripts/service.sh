#!/usr/bin/env bash
# Runs the Mycelium node with the program that was sent: key, configuration and unit are put in place, and the service
# restarts only when one of them changed. Prints the node's identity as JSON. A node that does not become healthy
# is a failure, and what ran before runs again.

LIBRARY=/usr/local/lib/hypha
CONFIG_FILE=/etc/mycelium/mycelium.toml
KEY_FILE=/var/lib/mycelium/priv_key.bin
UNIT_FILE=/etc/systemd/system/mycelium.service
# There while files are newer than what runs: an interrupted run leaves it to the next.
PENDING=/etc/mycelium/.pending

main() {
  # No child of this script inherits the key.
  local key=${KEY} executable=${LIBRARY}/mycelium-${PROGRAM} before
  unset KEY
  case ${1:-up} in
    up) up ;;
    check) facts ;;
  esac
}

facts() {
  secret_file_fact "${KEY_FILE}" 600 mycelium:mycelium < <(printf '%s' "${key}" | base64 -d)
  file_fact "${CONFIG_FILE}" "${CONFIG}"
  file_fact "${UNIT_FILE}" "${UNIT}"
  fact link "${LIBRARY}/mycelium" "$(readlink "${LIBRARY}/mycelium" || true)" "${executable}"
  unit_fact mycelium.service
}

up() {
  command -v ss >/dev/null || fail "has no ss command" "install it: apt-get install iproute2"
  require_own_ports
  if [[ ${TUN} == true ]]; then require_tun; fi
  before=$(mktemp -d)
  # shellcheck disable=SC2064 # the directory of now
  trap "rm -rf '${before}'" EXIT
  put "${KEY_FILE}" 0600 mycelium < <(printf '%s' "${key}" | base64 -d)
  identify "${executable}"
  if systemctl is-active --quiet mycelium.service; then remember; fi
  put "${CONFIG_FILE}" 0644 root < <(printf '%s' "${CONFIG}")
  put "${UNIT_FILE}" 0644 root < <(printf '%s' "${UNIT}")
  use_program "${executable}"
  [[ ! -e ${PENDING} ]] || systemctl daemon-reload
  systemctl enable --quiet mycelium.service
  run || give_up
  prune
  printf '{"address":"%s","subnet":"%s","publicKey":"%s"}' "${address}" "$(admin nodeSubnet)" "${public_key}"
}

main_pid() { systemctl show --property MainPID --value mycelium.service; }

# listeners tcp|udp PORT: process ids that hold the port, `-` for one that is not known.
listeners() {
  ss -Hln"${1:0:1}"p "sport = :$2" | sed 's/.*pid=\([0-9]*\).*/\1/; t; s/.*/-/' | sort -u
}

# A node whose port is taken only says so in its log, and goes on without.
require_own_ports() {
  local own protocol port pid
  own=$(main_pid)
  for protocol in tcp udp; do
    for port in $(ports_of "${protocol}"); do
      for pid in $(listeners "${protocol}" "${port}"); do
        [[ ${pid} == "${own}" ]] || fail "${protocol^^} port ${port} is in use by $(process "${pid}")" \
          "stop it: the Mycelium node needs this port"
      done
    done
  done
}

# An interface needs the device, open to all as udev makes it, and IPv6.
require_tun() {
  local otherwise="or set hypha:mycelium.tun to false"
  runuser -u mycelium -- test -r /dev/net/tun -a -w /dev/net/tun ||
    fail "/dev/net/tun is missing or closed to the node" "load the module: modprobe tun; chmod 0666 /dev/net/tun; ${otherwise}"
  [[ $(</proc/sys/net/ipv6/conf/default/disable_ipv6) == 0 ]] ||
    fail "IPv6 is switched off" "switch it on: sysctl net.ipv6.conf.all.disable_ipv6=0; ${otherwise}"
}

ports_of() { if [[ $1 == tcp ]]; then printf '%s' "${TCP_PORTS}"; else printf '%s' "${UDP_PORTS}"; fi; }

process() { cat "/proc/$1/comm" 2>/dev/null || printf 'another process'; }

# put FILE MODE OWNER: standard input becomes the file, whole.
put() {
  rm -f "$1.next"
  (umask 077 && cat >"$1.next")
  if cmp -s "$1.next" "$1" && [[ $(access_of "$1") == "mode ${2#0}, owner $3:$3" ]]; then
    rm -f "$1.next"
  else
    : >"${PENDING}"
    chmod "$2" "$1.next"
    chown "$3:$3" "$1.next"
    mv "$1.next" "$1"
  fi
}

# Who the key makes the node, as the program says.
identify() {
  local said
  said=$(runuser -u mycelium -- "$1" --key-file "${KEY_FILE}" inspect --json 2>&1) ||
    fail "the program does not run: ${said##*$'\n'}" \
      "is it built for this host ($(uname -m))? The sample needs: apt-get install python3"
  address=$(field address <<<"${said}")
  public_key=$(field publicKey <<<"${said}")
  [[ -n ${address} && -n ${public_key} ]] ||
    fail "the program does not tell the node's address" "is it mycelium? Correct hypha:mycelium.source"
}

# The value of a text field of a JSON object on standard input.
field() { sed -n "s/.*\"$1\": *\"\([0-9a-f:/]*\)\".*/\1/p"; }

use_program() {
  [[ $(readlink "${LIBRARY}/mycelium") != "$1" ]] || return 0
  : >"${PENDING}"
  ln -sfn "$1" "${LIBRARY}/mycelium.next"
  mv -T "${LIBRARY}/mycelium.next" "${LIBRARY}/mycelium"
}

remember() {
  cp -a "${CONFIG_FILE}" "${before}/config"
  cp -a "${UNIT_FILE}" "${before}/unit"
  readlink "${LIBRARY}/mycelium" >"${before}/program"
}

run() {
  started=$(date '+%Y-%m-%d %H:%M:%S')
  if [[ -e ${PENDING} ]]; then
    systemctl restart mycelium.service || return 1
  else
    systemctl start mycelium.service || return 1
  fi
  wait_for 30 healthy || return 1
  rm -f "${PENDING}"
}

# Its own process holds the ports, and the API answers for this key.
healthy() {
  local own protocol port
  own=$(main_pid)
  [[ ${own} != 0 ]] || return 1
  for protocol in tcp udp; do
    for port in $(ports_of "${protocol}"); do
      [[ $(listeners "${protocol}" "${port}") == "${own}" ]] || return 1
    done
  done
  [[ -n $(admin nodeSubnet) && $(admin nodePubkey) == "${public_key}" ]]
}

# admin FIELD: what the node says of itself.
admin() {
  # shellcheck disable=SC2016 # the inner shell expands it
  timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET /api/v1/admin HTTP/1.0\r\n\r\n" >&3 && cat <&3' \
    _ "${API_PORT}" 2>/dev/null | field "$1"
}

give_up() {
  note "the last lines of its log:"
  journalctl --unit mycelium.service --since "${started}" --no-pager --output cat --lines 15 >&2 || true
  local outcome="it is stopped"
  if [[ -s ${before}/program ]]; then
    note "going back to what ran before"
    mv "${before}/config" "${CONFIG_FILE}"
    mv "${before}/unit" "${UNIT_FILE}"
    use_program "$(<"${before}/program")"
    systemctl daemon-reload
    : >"${PENDING}"
    outcome="what ran before does not run either"
    if run; then outcome="what ran before runs again"; fi
  else
    systemctl disable --quiet --now mycelium.service || true
  fi
  fail "the Mycelium node did not become healthy; ${outcome}" "see the lines above, or: journalctl -u mycelium.service"
}

# The program in use and the one before it stay, for the way back.
prune() {
  local file keep
  keep=$(cat "${before}/program" 2>/dev/null) || keep=
  [[ -n ${keep} && ${keep} != "${executable}" ]] || return 0
  for file in "${LIBRARY}"/mycelium-*; do
    case ${file} in
      "${executable}" | "${keep}") ;;
      *) rm -f "${file}" ;;
    esac
  done
}

main "$@" </dev/null
