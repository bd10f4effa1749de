#!/usr/bin/env bash
# Sees to it that every engine of NODES has the image REFERENCE, under one id: found on one of them, else built, on this
# machine or on HOST's; then sent to those that lack it. Old versions go first, so that there is room. Without a
# CONTEXT it is not built. Runs beside Pulumi, in the project's directory. Prints the image's id. `down` removes every
# version of it.

HERE="this machine"

main() {
  case ${1:-up} in
    check) image_fact ;;
    *) everywhere "$@" ;;
  esac
}

everywhere() {
  repository=${REFERENCE%:*}
  mapfile -t receivers <<<"${NODES}"
  builder=${HOST}
  # A host without a way to get there is this machine.
  if [[ ${BUILD_ON} == local && ${HOST} == *$'\t'* ]]; then builder=${HERE}; fi
  # The nodes first: an image that they have is the one that stays.
  mapfile -t engines < <(printf '%s\n' "${receivers[@]}" "${builder}" | awk '!seen[$0]++')
  WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/hypha-image-XXXXXX")
  trap 'rm -rf "${WORK}"' EXIT
  case ${1:-up} in
    up) up ;;
    down) down ;;
  esac
}

up() {
  local id engine source='' lacking=() reachable=()
  IMAGE=${REFERENCE}
  each ask_patiently "${engines[@]}"
  for engine in "${engines[@]}"; do failed "${engine}" || reachable+=("${engine}"); done
  prune "${REFERENCE}" "${KEEP}" "${HOST}" "${reachable[@]}"
  id=$(common_id)
  if [[ -z ${id} ]]; then
    [[ -n ${CONTEXT:-} ]] || nowhere
    ! failed "${builder}" || report "image ${REFERENCE} is missing" "${engines[@]}"
    build_it
    id=$(image_id "${builder}")
  fi
  for engine in "${reachable[@]}"; do
    if [[ $(image_id "${engine}") == "${id}" ]]; then
      # The builder rather than another: it may be this machine.
      [[ -n ${source} && ${engine} != "${builder}" ]] || source=${engine}
    elif receives "${engine}"; then
      lacking+=("${engine}")
    fi
  done
  ((${#lacking[@]} == 0)) || spread "${source}" "${lacking[@]}"
  report "image ${REFERENCE} is missing" "${receivers[@]}"
  printf '%s\n' "${id}"
}

nowhere() {
  local names
  report "image ${REFERENCE} is missing" "${engines[@]}"
  names=$(printf '%s, ' "${engines[@]%%$'\t'*}")
  fail "image ${REFERENCE} is on none of ${names%, }" \
    "take it out of hypha:release.images: then it is built from its source"
}

receives() { printf '%s\n' "${receivers[@]}" | grep -qxF -e "$1"; }

# The id that most nodes have, or this machine's.
common_id() {
  local receiver ids
  ids=$(for receiver in "${receivers[@]}"; do failed "${receiver}" || image_id "${receiver}"; done | grep . || true)
  if [[ -z ${ids} ]]; then
    failed "${builder}" || image_id "${builder}"
  else
    sort <<<"${ids}" | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
  fi
}

# The builder has it afterwards, and its facts are known anew.
build_it() {
  if [[ ${BUILD_ON} == target ]]; then base_on_builder; fi
  context | build
  each ask_patiently "${builder}"
  report "image ${REFERENCE} is not there" "${builder}"
  [[ -n $(image_id "${builder}") ]] ||
    fail "image ${REFERENCE} is not there after its build" "see the build's messages above"
}

# The build context as a tar stream. The machine's own CAs go along for build stages that fetch something behind a
# TLS-inspecting proxy; they are no part of the tag and of no final image.
context() {
  local directory
  directory=$(mktemp -d)
  # shellcheck disable=SC2064 # the directory of now
  trap "rm -rf '${directory}'" EXIT
  mkdir -p "${directory}/context/.ca"
  cp -R "${CONTEXT}/." "${directory}/context"
  app_files "${directory}/context/app"
  touch "${directory}/context/.ca/.keep"
  find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "${directory}/context/.ca/" \; 2>/dev/null || true
  tar -C "${directory}/context" --owner=0 --group=0 -cf - .
}

# The application's files, from where its source says.
app_files() {
  if [[ -n ${APP:-} ]]; then
    mkdir -p "$1"
    cp -RL "${APP/#\~\//"${HOME}/"}/." "$1"
  elif [[ -n ${APP_URL:-} ]]; then
    note "downloading ${APP_URL}"
    download "${APP_URL}" "${directory}/app.tar.gz" ||
      fail "${APP_URL} cannot be downloaded" "correct source.url, or give the files by source.path"
    printf '%s  %s\n' "${APP_SHA256}" "${directory}/app.tar.gz" | sha256sum --check --quiet >&2 ||
      fail "${APP_URL} has another SHA-256 than source.sha256" "find out why before you correct it"
    mkdir -p "$1"
    tar -xzf "${directory}/app.tar.gz" -C "$1" >&2 || fail "${APP_URL} is no .tar.gz archive" "correct source.url"
  elif [[ -n ${APP_GIT_URL:-} ]]; then
    from_git "$1"
  fi
}

from_git() {
  local checkout="${directory}/git"
  note "cloning ${APP_GIT_URL} at ${APP_GIT_REF}"
  retry 4 git clone --quiet --no-checkout "${APP_GIT_URL}" "${checkout}" >&2 ||
    fail "${APP_GIT_URL} cannot be cloned" "correct source.url"
  git -C "${checkout}" checkout --quiet --detach "${APP_GIT_REF}" >&2 ||
    fail "${APP_GIT_URL} has no ${APP_GIT_REF}" "correct source.ref"
  note "building: ${APP_GIT_BUILD}"
  (cd "${checkout}" && bash -euo pipefail -c "${APP_GIT_BUILD}") >&2 ||
    fail "the build of ${APP_GIT_URL} failed" "see its messages above; source.build is what was run"
  [[ -d "${checkout}/${APP_GIT_OUTPUT}" ]] ||
    fail "the build of ${APP_GIT_URL} left no directory ${APP_GIT_OUTPUT}" "correct source.output"
  mkdir -p "$1"
  cp -RL "${checkout}/${APP_GIT_OUTPUT}/." "$1"
}

build() {
  local argument arguments=()
  while IFS= read -r argument; do
    arguments+=(--build-arg "$(quoted "${argument}")")
  done <<<"${BUILD_ARGS}"
  note "building ${REFERENCE}"
  at "${builder}" docker build --rm --tag "${REFERENCE}" --label hypha.image="${repository}" "${arguments[@]}" - 1>&2 ||
    fail "image ${REFERENCE} could not be built" "see the build's messages above"
}

# ssh joins its arguments with blanks and gives them to a shell.
quoted() {
  if [[ ${builder} == *$'\t'* ]]; then printf '%q' "$1"; else printf '%s' "$1"; fi
}

base_on_builder() {
  if at "${builder}" docker image inspect "${BASE}" >/dev/null 2>&1 ||
    at "${builder}" docker pull --quiet "${BASE}" >&2; then return 0; fi
  IMAGE=${BASE}
  each ask_patiently "${HERE}"
  [[ -n $(image_id "${HERE}") ]] ||
    fail "base image ${BASE} is neither there, nor to be pulled, nor on this machine" "make it: ops/base-image.sh"
  spread "${HERE}" "${builder}"
  report "base image ${BASE} is missing" "${builder}"
  # shellcheck disable=SC2034 # send.sh has its part
  IMAGE=${REFERENCE}
}

down() {
  each remove_versions "${engines[@]}"
  report "not every version of ${repository} was removed" "${engines[@]}"
}

main "$@" </dev/null
