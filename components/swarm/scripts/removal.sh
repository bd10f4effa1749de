#!/usr/bin/env bash
# Removes SERVICE, or every set of WORKLOAD where it is empty, through a manager of the swarm. Each is asked to end first and
# has STOP_SECONDS for it: once it is gone, no host uses its volumes or its network any more.

main() {
  case $1 in
    down) remove ;;
  esac
}

remove() {
  local names found
  found=$(services)
  [[ -n ${found} ]] || return 0
  mapfile -t names <<<"${found}"
  docker service scale --detach "${names[@]/%/=0}" >/dev/null
  wait_for "$((STOP_SECONDS + 20))" ended "${names[@]}" ||
    note "not every container of ${names[*]} ended within $((STOP_SECONDS + 20)) s"
  docker service rm "${names[@]}" >/dev/null
}

services() {
  local of_stack="label=hypha.stack=${STACK}"
  if [[ -z ${SERVICE} ]]; then
    docker service ls --filter "${of_stack}" --filter "label=hypha.workload=${WORKLOAD}" --format '{{.Name}}'
  else
    # Docker's filter takes the beginning of a name.
    docker service ls --filter "${of_stack}" --filter "name=${SERVICE}" --format '{{.Name}}' |
      awk -v name="${SERVICE}" '$0 == name'
  fi
}

# ended SERVICE...: none of their containers is left on a host that the swarm hears from.
ended() {
  local heard tasks
  heard=$(docker node ls --format '{{.ID}} {{.Status}}') || return 1
  tasks=$(docker service ps --no-resolve --format '{{.Node}} {{.CurrentState}}' "$@") || return 1
  awk '
    FNR == NR { heard[$1] = $2 == "Ready"; next }
    heard[$1] && $2 ~ /^(Assigned|Accepted|Preparing|Ready|Starting|Running)$/ { exit left = 1 }
    END { exit left }
  ' <(printf '%s\n' "${heard}") <(printf '%s\n' "${tasks}")
}

main "$@" </dev/null
