#!/usr/bin/env bash
# The ground a Mycelium node stands on: an account and its directories. `down` removes the whole node, a half made one
# too, the key with it.

UNIT=/etc/systemd/system/mycelium.service
LIBRARY=/usr/local/lib/hypha

main() {
  case ${1:-up} in
    up) up ;;
    check) facts ;;
    down) down ;;
  esac
}

facts() {
  account_fact mycelium
  directory_fact "${LIBRARY}" 755 root:root
  directory_fact /etc/mycelium 755 root:root
  directory_fact /var/lib/mycelium 700 mycelium:mycelium
}

up() {
  if [[ -e ${UNIT} ]] && ! ours; then
    fail "has a mycelium.service that Hypha did not make" \
      "remove it: systemctl disable --now mycelium.service; rm ${UNIT}"
  fi
  id -u mycelium >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir /var/lib/mycelium --no-create-home --shell /usr/sbin/nologin mycelium
  install -d -m 0755 "${LIBRARY}" /etc/mycelium
  install -d -m 0700 -o mycelium -g mycelium /var/lib/mycelium
}

ours() { grep -q '^# Made by Hypha' "${UNIT}"; }

down() {
  if [[ -e ${UNIT} ]]; then
    if ! ours; then
      note "mycelium.service stays: Hypha did not make it"
      return 0
    fi
    systemctl disable --quiet --now mycelium.service || note "mycelium.service did not stop in order"
    rm -f "${UNIT}"
    systemctl daemon-reload
    # A unit that failed is remembered until it is reset; one that did not cannot be.
    systemctl reset-failed mycelium.service 2>/dev/null || true
  fi
  rm -rf /etc/mycelium /var/lib/mycelium
  rm -f "${LIBRARY}"/mycelium "${LIBRARY}"/mycelium-*
  if [[ -d ${LIBRARY} ]]; then rmdir --ignore-fail-on-non-empty "${LIBRARY}"; fi
  if id -u mycelium >/dev/null 2>&1; then userdel mycelium; fi
}

main "$@" </dev/null
