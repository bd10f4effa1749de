#!/usr/bin/env bash
# The way to the node's API for a container that mounts its directory: a Unix socket that systemd holds and passes on to
# loopback. The directory above it is root's only, so nobody on the host enters; the engine mounts from below that.

UNITS=/etc/systemd/system
SOCKET=hypha-mycelium-api.socket
PROXY=hypha-mycelium-api.service
BOOT_FILE=/etc/tmpfiles.d/hypha-mycelium.conf
PROGRAM=/lib/systemd/systemd-socket-proxyd

main() {
  case ${1:-up} in
    up) up ;;
    check) facts ;;
    down) down ;;
  esac
}

facts() {
  file_fact "${BOOT_FILE}" "${DIRECTORIES}"
  directory_fact /run/hypha 700 root:root
  directory_fact /run/hypha/mycelium 755 root:root
  file_fact "${UNITS}/${SOCKET}" "${SOCKET_UNIT}"
  file_fact "${UNITS}/${PROXY}" "${PROXY_UNIT}"
  unit_fact "${SOCKET}"
}

up() {
  if all_hold facts; then return 0; fi
  [[ -x ${PROGRAM} ]] || fail "has no ${PROGRAM}" "install it: apt-get install systemd"
  put "${BOOT_FILE}" "${DIRECTORIES}"
  put "${UNITS}/${SOCKET}" "${SOCKET_UNIT}"
  put "${UNITS}/${PROXY}" "${PROXY_UNIT}"
  # As at each boot, before the engine starts a container. The directory stays the same one while it is mounted.
  systemd-tmpfiles --create "${BOOT_FILE}"
  systemctl daemon-reload
  # The socket cannot be had anew while the old one is in use.
  systemctl stop "${PROXY}" "${SOCKET}"
  systemctl enable --quiet --now "${SOCKET}" ||
    fail "the socket of Mycelium's API could not be opened" "look at: journalctl -u ${SOCKET}"
}

put() { printf '%s' "$2" | install -D -m 0644 /dev/stdin "$1"; }

down() {
  if [[ -e ${UNITS}/${SOCKET} ]]; then systemctl disable --quiet --now "${SOCKET}"; fi
  if [[ -e ${UNITS}/${PROXY} ]]; then systemctl stop "${PROXY}"; fi
  rm -f "${UNITS}/${SOCKET}" "${UNITS}/${PROXY}" "${BOOT_FILE}"
  systemctl daemon-reload
  rm -rf /run/hypha/mycelium
  if [[ -d /run/hypha ]]; then rmdir --ignore-fail-on-non-empty /run/hypha; fi
}

main "$@" </dev/null
