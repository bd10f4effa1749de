# shellcheck shell=bash
# Sent to a swarm's manager after the libraries of components/shell: are the stack's things there? Each variable holds
# the names that are to be there, one in a line: of a service with its image; LABELS has a node's own label, then the one
# that it is to have.

main() {
  compare service "${SERVICES}" service ls --format '{{.Name}} {{.Image}}'
  compare network "${NETWORKS}" network ls --format '{{.Name}}'
  compare volume "${VOLUMES}" volume ls --format '{{.Name}}'
  compare secret "${SECRETS}" secret ls --format '{{.Name}}'
  labels
  compare config "${CONFIGS}" config ls --format '{{.Name}}'
}

# compare KIND WANTED DOCKER-ARGUMENTS...
compare() {
  local kind=$1 line listed wanted=$2
  [[ -n ${wanted} ]] || return 0
  shift 2
  listed=$(docker "$@")
  while read -r line; do
    fact "${kind}" "${line%% *}" "$(grep -E "^${line%% *}( |$)" <<<"${listed}" || true)" "${line}"
  done <<<"${wanted}"
}

labels() {
  local own label nodes
  [[ -n ${LABELS} ]] || return 0
  # shellcheck disable=SC2046,SC2016 # ids; a template of docker's
  nodes=$(docker node inspect --format ' {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}}' $(docker node ls --quiet))
  while read -r own label; do
    fact 'node label' "${own#*=} ${label%%=*}" "$(grep -F " ${own} " <<<"${nodes}" | grep -oF " ${label} " | tr -d ' ' || true)" "${label}"
  done <<<"${LABELS}"
}

main </dev/null
