#!/usr/bin/env bash
# A swarm of this one engine, and the node's labels. `down` leaves the swarm only where Hypha had made it and
# nothing else runs in it.

main() {
  case ${1:-up} in
    up) up ;;
    down) down ;;
  esac
}

node_id() { docker info --format '{{.Swarm.NodeID}}'; }
# What the engine says of its swarm, or how it failed to say so.
state() { docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}' 2>&1; }

up() {
  case $(state) in
    "active true") ;;
    "inactive "*)
      note "starting a swarm on ${ADVERTISE_ADDRESS}"
      docker swarm init --advertise-addr "${ADVERTISE_ADDRESS}" >/dev/null ||
        fail "no swarm could be started on ${ADVERTISE_ADDRESS}" "see the message above"
      docker node update --label-add hypha.made=true "$(node_id)" >/dev/null
      ;;
    "active false" | locked* | pending* | error*) fail "the engine is in a swarm it does not manage ($(state))" \
      "leave it (docker swarm leave), or name a manager under hypha:hosts" ;;
    *) fail "the Docker engine does not answer: $(state)" "look at: journalctl -u docker -n 50" ;;
  esac
  local label arguments=()
  for label in ${NODE_LABELS}; do arguments+=(--label-add "${label}"); done
  docker node update "${arguments[@]}" "$(node_id)" >/dev/null
  node_id
}

down() {
  [[ $(state) == "active true" ]] || return 0
  local label arguments=()
  for label in ${NODE_LABELS}; do arguments+=(--label-rm "${label%%=*}"); done
  docker node update "${arguments[@]}" "$(node_id)" >/dev/null || true
  [[ $(docker node inspect self --format '{{index .Spec.Labels "hypha.made"}}') == true ]] || return 0
  if [[ -n $(docker service ls -q) || -n $(docker secret ls -q) || -n $(docker config ls -q) ]]; then
    note "the swarm stays: other services use it"
    return 0
  fi
  docker swarm leave --force >/dev/null
}

main "$@" </dev/null
