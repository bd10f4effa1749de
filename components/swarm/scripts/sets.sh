#!/usr/bin/env bash
# The sets of a workload, on a manager of the swarm: those beside LIVE go, and with `down` all of them.

main() {
  case ${1:-up} in
    up) [[ -z ${LIVE} ]] || remove beside_live ;;
    check) [[ -z ${LIVE} ]] || fact sets "${WORKLOAD}" "$(sets)" "${LIVE}" ;;
    down) remove sets ;;
  esac
}

sets() {
  docker service ls --filter "label=hypha.stack=${STACK}" --filter "label=hypha.workload=${WORKLOAD}" \
    --format '{{.Name}}' | sort
}

beside_live() { sets | grep -vFx "${LIVE}" || true; }

# remove COMMAND: the sets that it prints.
remove() {
  local names
  names=$("$1")
  [[ -n ${names} ]] || return 0
  note "removing ${names//$'\n'/, }"
  # shellcheck disable=SC2086 # one word each
  docker service rm ${names} >/dev/null
}

main "$@" </dev/null
