#!/usr/bin/env bash
# Sees to it that the host's engine has the image REFERENCE: found there, else built, on this machine and sent, or
# there. Runs beside Pulumi, in the project's directory. Prints the image's id on the host. `down` removes every
# version of it.

main() {
  mapfile -t target <<<"${TARGET}"
  case ${1:-up} in
    up) up ;;
    down) down ;;
  esac
}

# The docker client of the host's engine. Arguments hold no blanks.
on_target() {
  if [[ -z ${TARGET} ]]; then docker "$@"; else ssh "${target[@]}" -- docker "$@"; fi
}

# For an image that is missing, docker prints an empty line.
image_id() { "$1" image inspect --format='{{.Id}}' "${REFERENCE}" 2>/dev/null | grep .; }

up() {
  if image_id on_target; then return 0; fi
  if [[ ${BUILD_ON} == target ]]; then
    base_on_target
    context | build on_target
  else
    image_id docker >/dev/null || context | build docker
    [[ -z ${TARGET} ]] || send "${REFERENCE}"
  fi
  image_id on_target || fail "image ${REFERENCE} is not there after its build" "see the build's messages above"
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
  "$1" build --rm --tag "${REFERENCE}" --label hypha.image="${REFERENCE%%:*}" "${arguments[@]}" - 1>&2 ||
    fail "image ${REFERENCE} could not be built" "see the build's messages above"
}

# ssh joins its arguments with blanks and gives them to a shell.
quoted() {
  if [[ ${BUILD_ON} == target && -n ${TARGET} ]]; then printf '%q' "$1"; else printf '%s' "$1"; fi
}

base_on_target() {
  if on_target image inspect "${BASE}" >/dev/null 2>&1 || on_target pull --quiet "${BASE}" >&2; then return 0; fi
  docker image inspect "${BASE}" >/dev/null 2>&1 ||
    fail "base image ${BASE} is neither there, nor to be pulled, nor on this machine" "make it: ops/base-image.sh"
  send "${BASE}"
}

send() {
  note "sending $1, $(($(docker image inspect --format='{{.Size}}' "$1") / 1048576)) MiB"
  docker save "$1" | gzip -1 | ssh "${target[@]}" -- docker load --quiet >&2 ||
    fail "image $1 could not be sent" "see the message above; is there enough disk on the host?"
}

down() {
  local where
  for where in on_target docker; do
    remove_versions "${where}"
    [[ -n ${TARGET} ]] || break
  done
}

remove_versions() {
  local image
  for image in $("$1" image ls --quiet --filter=label=hypha.image="${REFERENCE%%:*}" | sort -u); do
    "$1" image rm --force "${image}" >&2 || true
  done
}

main "$@" </dev/null
