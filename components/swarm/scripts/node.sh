#!/usr/bin/env bash
# A host as a node of the stack's swarm, with its labels: the first manager starts the swarm, every other node joins.
# Runs beside Pulumi; NODE and MANAGER are the docker clients of the host's engine and the first manager's, a word a
# line. Prints the node's id. `down` drains the node and takes it out; the first manager leaves last, and only where
# Hypha had started the swarm and nothing else runs in it.

# Both are read by their names, in on().
# shellcheck disable=SC2034,SC2153
main() {
  mapfile -t node <<<"${NODE}"
  mapfile -t manager <<<"${MANAGER}"
  case ${1:-up} in
    up) up ;;
    check) facts ;;
    down) down ;;
  esac
}

# Runs on the host. What the nodes' labels are, the first manager alone is asked.
facts() {
  local control=false
  [[ ${JOIN_AS} != manager ]] || control=true
  [[ ${node[0]} != ssh ]] || node=(docker)
  fact swarm "${JOIN_AS}" "$(state)" "active ${control}"
}

# on node|manager WORD...: docker on that engine. ssh joins its words with blanks and gives them to a shell.
on() {
  local -n client=$1
  shift
  if [[ ${client[0]} == ssh ]]; then "${client[@]}" "$(printf '%q ' "$@")"; else "${client[@]}" "$@"; fi
}

# What the engine says of its swarm, or how it failed to say so. What ssh remarks before is no part of it.
state() { { on node info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}' 2>&1 || true; } | tail -n 1; }
node_id() { on node info --format '{{.Swarm.NodeID}}'; }
# shellcheck disable=SC2016 # a template of docker's
labels_of() { on manager node inspect --format '{{range $key, $_ := .Spec.Labels}}{{println $key}}{{end}}' "$1"; }
label_of() { on manager node inspect --format "{{index .Spec.Labels \"$2\"}}" "$1"; }

# change WORD...: `docker node WORD...` at the manager. Of two changes of a node at once the swarm refuses one, and any
# while its managers elect a leader, as when one leaves: those are asked for again.
change() {
  local said deadline=$((SECONDS + 60))
  until said=$(on manager node "$@" 2>&1); do
    if ! grep -qE 'out of sequence|have a leader|code = Unavailable' <<<"${said}" || ((SECONDS > deadline)); then
      note "docker node $1: ${said}"
      return 1
    fi
    sleep 0.5
  done
}

up() {
  local found id
  found=$(state)
  case ${found} in
    "active "* | "inactive "*) ;;
    locked* | pending* | error*) fail "the engine is in a swarm that does not answer (${found})" \
      "look at: journalctl -u docker -n 50; docker swarm leave takes it out" ;;
    *) fail "the Docker engine does not answer: ${found}" "look at: journalctl -u docker -n 50" ;;
  esac
  if [[ ${FIRST} == yes ]]; then start "${found}"; else join "${found}"; fi
  id=$(node_id)
  set_role "${id}"
  set_labels "${id}"
  printf '%s\n' "${id}"
}

start() {
  case $1 in
    "active true") ;;
    "active false")
      fail "the engine is a worker of a swarm, and hypha:cluster.first names it to start one" \
        "name one of the swarm's managers as hypha:cluster.first"
      ;;
    *)
      note "starting a swarm on ${ADDRESS}"
      on node swarm init --advertise-addr "${ADDRESS}" >/dev/null ||
        fail "no swarm could be started on ${ADDRESS}" "see the message above"
      change update --label-add hypha.made=true "$(node_id)"
      ;;
  esac
}

# Engines before 25.0 send nothing of an overlay over IPv6 (moby/moby#46790): services on two hosts would not meet.
require_ipv6_overlay() {
  [[ ${ADDRESS} == *:* ]] || return 0
  carries_ipv6_overlay "the engine" "$(on node version --format '{{.Server.Version}}')"
  carries_ipv6_overlay "the first manager's engine" "$(on manager version --format '{{.Server.Version}}')"
}

carries_ipv6_overlay() {
  if [[ $2 =~ ^([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 25)); then return 0; fi
  fail "$1 is ${2:-silent}, and services reach each other over IPv6 addresses (${ADDRESS}) from 25.0 on" \
    "give the hosts IPv4 addresses for each other (hypha:hosts.*.privateAddress), or newer engines: Debian 13's, or hypha:hosts.*.docker: docker"
}

join() {
  require_ipv6_overlay
  if [[ $1 == active* ]]; then
    # A worker does not know its swarm's id; its manager knows the worker.
    if on manager node inspect "$(node_id)" >/dev/null 2>&1; then return 0; fi
    fail "the engine is in a swarm that is not the stack's" \
      "take it out (docker swarm leave), or name one of that swarm's managers as hypha:cluster.first"
  fi
  local answer
  note "joining the swarm of ${MANAGER_ADDRESS}"
  answer=$(request_join) || true
  [[ ${answer} == "HTTP/1."?" 200 "* ]] || fail "the engine could not join the swarm at ${MANAGER_ADDRESS}:2377: $(tail -n 1 <<<"${answer}")" \
    "are ports 2377, 4789 and 7946 open between the two hosts? Is hypha:hosts.${HOST_NAME}.privateAddress right?"
  wait_for 30 on manager node inspect "$(node_id)" || fail "the manager does not list the node" "run this again"
  change update --label-add hypha.made=true "$(node_id)"
}

# The token gives anyone the swarm: docker's own command would show it in the process list, so it goes to the
# engine's API by standard input.
request_join() {
  local token body listen=0.0.0.0:2377
  [[ ${ADDRESS} != *:* ]] || listen='[::]:2377'
  token=$(on manager swarm join-token --quiet "${JOIN_AS}")
  body=$(printf '{"ListenAddr":"%s","AdvertiseAddr":"%s","RemoteAddrs":["%s"],"JoinToken":"%s"}' \
    "${listen}" "${ADDRESS}" "$(with_port "${MANAGER_ADDRESS}")" "${token}")
  printf 'POST /swarm/join HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
    "${#body}" "${body}" | on node system dial-stdio | tr -d '\r'
}

with_port() { if [[ $1 == *:* ]]; then printf '[%s]:2377' "$1"; else printf '%s:2377' "$1"; fi; }

set_role() {
  local role
  role=$(on manager node inspect --format '{{.Spec.Role}}' "$1")
  case ${role}/${JOIN_AS} in
    worker/manager)
      change promote "$1"
      wait_for 120 is_manager "$1" ||
        fail "it does not become one of the swarm's managers: its engine may look for one that is gone" \
          "see: journalctl -u docker -n 50; docker swarm leave there, and make up, lets it join anew"
      ;;
    manager/worker) demote "$1" ;;
  esac
}

# The swarm takes a manager out of its quorum after it said yes. Until then it counts: one that left before that, beside
# another, could leave the rest without a majority, and nobody could decide anything any more.
demote() {
  change demote "$1"
  wait_for 60 is_worker "$1" ||
    fail "it is still one of the swarm's managers: without it too few of them would answer" \
      "bring back the manager that does not answer (make status), or take it out: make forget HOST=…"
}

# shellcheck disable=SC2016 # a template of docker's
is_manager() { [[ $(on manager node inspect --format '{{if .ManagerStatus}}manager{{else}}worker{{end}}' "$1") == manager ]]; }
# shellcheck disable=SC2016 # a template of docker's
is_worker() { [[ $(on manager node inspect --format '{{if .ManagerStatus}}manager{{else}}worker{{end}}' "$1") == worker ]]; }

# A label says what may run there: of this stack's, those that are not wanted any more go.
set_labels() {
  local label key arguments=()
  for label in ${LABELS}; do arguments+=(--label-add "${label}"); done
  for key in $(labels_of "$1"); do
    if [[ ${key} == "${LABEL_PREFIX}"* && " ${LABELS}" != *" ${key}="* ]]; then
      [[ ${key} != "${LABEL_PREFIX}data" ]] || keep_data
      arguments+=(--label-rm "${key}")
    fi
  done
  if [[ " ${LABELS}" == *" ${LABEL_PREFIX}data="* ]]; then data_is_here "$1"; fi
  change update "${arguments[@]}" "$1"
}

# The database would start anew, without its data, on another host. One that has none loses the label meanwhile.
data_is_here() {
  local other
  for _ in {1..20}; do
    if nowhere_else "$1"; then return 0; fi
    sleep 1
  done
  for other in $(data_nodes); do
    [[ ${other} == "$1" ]] || lost_data "$(label_of "${other}" "${LABEL_PREFIX}host")"
  done
}

data_nodes() { on manager node ls --quiet --filter "node.label=${LABEL_PREFIX}data=true"; }
nowhere_else() { ! data_nodes | grep -qv "^$1"; }

# Volumes are of one host: what the stack keeps on this one is on no other.
keep_data() {
  local volumes
  [[ " ${ABANDONED} " != *" ${HOST_NAME} "* ]] || return 0
  volumes=$(on node volume ls --quiet --filter "label=hypha.stack=${STACK}" | tr '\n' ' ') ||
    fail "the host does not answer, so nobody knows whether it holds data" "bring it back, or give its data up: add ${HOST_NAME} to hypha:cluster.abandonDataOn"
  [[ -z ${volumes} ]] || lost_data "${HOST_NAME}" "${volumes}"
}

lost_data() {
  [[ " ${ABANDONED} " != *" $1 "* ]] || return 0
  fail "the data of stack ${STACK} are on host $1${2:+ (volumes ${2% })}, and on no other" \
    "leave the role data there; or give them up: add $1 to hypha:cluster.abandonDataOn"
}

down() {
  local id
  if [[ ${FIRST} == yes ]]; then
    leave_last
    return
  fi
  id=$(on manager node ls --quiet --filter "node.label=${LABEL_PREFIX}host=${HOST_NAME}")
  [[ -n ${id} ]] || return 0
  if [[ -n $(on manager service ls --quiet --filter "label=hypha.stack=${STACK}") ]]; then
    [[ $(label_of "${id}" "${LABEL_PREFIX}data") != true ]] || keep_data
  fi
  if [[ $(label_of "${id}" hypha.made) != true ]]; then
    remove_labels "${id}"
    return 0
  fi
  note "draining the node"
  change update --availability drain "${id}"
  wait_for 120 drained "${id}" || fail "containers still run on it after two minutes" "see: docker node ps ${HOST_NAME}"
  is_worker "${id}" || demote "${id}"
  on node swarm leave --force >/dev/null || note "it does not answer: its engine still believes to be in the swarm"
  change rm --force "${id}"
}

# What ran on a node that is down the swarm has started elsewhere; it goes on calling it running there.
drained() {
  [[ $(on manager node inspect --format '{{.Status.State}}' "$1") == down ]] ||
    ! on manager node ps --format '{{.CurrentState}}' "$1" | grep -q '^Running'
}

remove_labels() {
  local key arguments=()
  for key in $(labels_of "$1"); do
    [[ ${key} != "${LABEL_PREFIX}"* ]] || arguments+=(--label-rm "${key}")
  done
  change update "${arguments[@]}" "$1"
}

leave_last() {
  [[ $(state) == "active true" ]] || return 0
  [[ -z $(on node service ls --quiet --filter "label=hypha.stack=${STACK}") ]] ||
    fail "it is the stack's first manager, and the stack goes on without it" \
      "put it back under hypha:hosts, name another manager as hypha:cluster.first, run make up, and only then remove it"
  remove_labels "$(node_id)"
  [[ $(label_of self hypha.made) == true ]] || return 0
  if [[ -n $(on node service ls -q) || -n $(on node secret ls -q) || -n $(on node config ls -q) ]]; then
    note "the swarm stays: other services use it"
    return 0
  fi
  on node swarm leave --force >/dev/null
}

main "$@" </dev/null
