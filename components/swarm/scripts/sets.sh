#!/usr/bin/env bash
# The sets of a workload, on a manager of the swarm: those beside LIVE go.

main() {
  case ${1:-up} in
    up) remove_others ;;
    check) fact sets "${WORKLOAD}" "$(sets)" "${LIVE}" ;;
  esac
}

sets() {
  docker service ls --filter "label=hypha.stack=${STACK}" --filter "label=hypha.workload=${WORKLOAD}" \
    --format '{{.Name}}' | sort
}

remove_others() {
  local names
  : "${LIVE:?}"
  names=$(sets | grep -vFx "${LIVE}" || true)
  [[ -n ${names} ]] || return 0
  note "removing ${names//$'\n'/, }"
  # shellcheck disable=SC2086 # one word each
  docker service rm ${names} >/dev/null
}

main "$@" </dev/null
