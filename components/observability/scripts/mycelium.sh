#!/usr/bin/env bash
# The figures of the Mycelium node, which tells them on the host's loopback only: a unit that asks it and leaves them
# where node exporter finds them. `down` removes it.

PROGRAM_FILE=/usr/local/lib/hypha/figures-mycelium
UNIT_FILE=/etc/systemd/system/hypha-mycelium-figures.service
DIRECTORY=/var/lib/hypha/metrics/mycelium

main() {
  case ${1:-up} in
    up) up ;;
    check) facts ;;
    down) down ;;
  esac
}

facts() {
  file_fact "${PROGRAM_FILE}" "${COLLECTOR}" 755
  file_fact "${UNIT_FILE}" "${UNIT}"
  directory_fact "${DIRECTORY}" 755 mycelium:mycelium
  unit_fact hypha-mycelium-figures.service
}

up() {
  if all_hold facts; then return 0; fi
  install -d -m 0755 "$(dirname "${PROGRAM_FILE}")" /var/lib/hypha "$(dirname "${DIRECTORY}")"
  install -d -m 0755 -o mycelium -g mycelium "${DIRECTORY}"
  write "${PROGRAM_FILE}" 0755 "${COLLECTOR}"
  write "${UNIT_FILE}" 0644 "${UNIT}"
  systemctl daemon-reload
  systemctl enable --quiet hypha-mycelium-figures.service
  systemctl restart hypha-mycelium-figures.service
}

# write PATH MODE TEXT
write() {
  printf '%s\n' "$3" >"$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}

down() {
  if [[ -e ${UNIT_FILE} ]]; then
    systemctl disable --quiet --now hypha-mycelium-figures.service || true
    rm -f "${UNIT_FILE}"
    systemctl daemon-reload
  fi
  rm -rf "${PROGRAM_FILE}" "${DIRECTORY}"
  rmdir --ignore-fail-on-non-empty -p "$(dirname "${DIRECTORY}")" 2>/dev/null || true
}

main "$@" </dev/null
