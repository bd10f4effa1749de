# shellcheck shell=bash
# Which versions of an image stay on an engine: the newest, and whatever a container or a service needs; or none.

# Runs on a swarm's manager: the images that services run, or ran before. Says `unknown` where it cannot tell.
engine_services() {
  case $(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}') in
    'inactive false') ;;
    'active true')
      docker service ls --quiet | xargs -r docker service inspect --format \
        '{{.Spec.TaskTemplate.ContainerSpec.Image}}{{with .PreviousSpec}} {{.TaskTemplate.ContainerSpec.Image}}{{end}}' |
        tr ' ' '\n' | sed 's/@.*//' | sort -u
      ;;
    *) printf 'unknown\n' ;;
  esac
}

# Runs on an engine's host: the names of all versions of the image $1, from the newest. An untagged one is <none>.
versions_of() {
  docker image ls --filter "label=hypha.image=$1" --format '{{.Repository}}:{{.Tag}}' "$1" | grep -v '<none>' || true
}

# Runs on an engine's host: removes versions of the image $1 that lost their name to one sent anew. Docker counts an
# image among them that has a digest and no tag, as a pulled one: that one has a repository.
remove_nameless() {
  docker image ls --filter dangling=true --filter "label=hypha.image=$1" --format '{{.Repository}} {{.ID}}' |
    sed -n 's/^<none> //p' | xargs -r docker image rm >/dev/null 2>&1 || true
}

# Runs on an engine's host: removes versions of the image $1, but for the $2 newest and for those named after them.
# Docker itself keeps what a container uses, even one that has ended.
engine_prune() {
  local repository=$1 newest=$2 version
  shift 2
  # The first of those named is the one to come: it is not among the newest.
  for version in $(versions_of "${repository}" | grep -vxF "$1" | tail -n "+$((newest + 1))" || true); do
    [[ " $* " != *" ${version} "* ]] || continue
    if docker image rm "${version}" >/dev/null 2>&1; then printf '%s\n' "${version}"; fi
  done
  remove_nameless "${repository}"
}

# prune REFERENCE KEEP MANAGER ENGINE...: at most KEEP versions, REFERENCE to come among them, and those in use.
prune() {
  local reference=$1 keep=$2 manager=$3 services
  shift 3
  services=$(run_at "${manager}" engine_services 2>"${WORK}/services.said") || services=unknown
  if [[ ${services} == unknown ]]; then
    note "no old version is removed: $(name_of "${manager}") does not say which its services use"
    return 0
  fi
  mapfile -t services <<<"${services}"
  each prune_one "$@"
}

prune_one() {
  run_at "${ENGINE}" engine_prune "${reference%:*}" "$((keep - 1))" "${reference}" "${services[@]}" \
    >"${OWN}.removed" 2>"${OWN}.said" || complain || true
  local version
  while IFS= read -r version; do note "removed old image ${version}"; done <"${OWN}.removed"
}

# Runs on an engine's host: removes every version of the image $1, whoever uses it. Another name of one stays.
engine_remove() {
  local version
  for version in $(versions_of "$1"); do docker image rm --force "${version}" >/dev/null || true; done
  remove_nameless "$1"
}

remove_versions() { persist remove_once; }
remove_once() { run_at "${ENGINE}" engine_remove "${repository}" 2>"${OWN}.said" || complain; }
