#!/usr/bin/env bash
# Says of each image given whether this host's engine has it or its registry would give it: a line each, `there`,
# `pullable`, `login` where it wants one, `refused: <its words>`, or `engine` where there is none to ask yet.
set -euo pipefail

main() {
  local image said
  for image in "$@"; do
    if ! docker version >/dev/null 2>&1; then
      printf 'engine\n'
    elif docker image inspect "${image}" >/dev/null 2>&1; then
      printf 'there\n'
    elif said=$(DOCKER_CLI_EXPERIMENTAL=enabled timeout 20 docker manifest inspect "${image}" 2>&1 >/dev/null); then
      printf 'pullable\n'
    elif [[ ${said} == *unauthorized* || ${said} == *denied* ]]; then
      # Another account may have logged in there.
      printf 'login\n'
    else
      printf 'refused: %s\n' "$(tail -n 1 <<<"${said:-no answer within 20 s}")"
    fi
  done
}

main "$@" </dev/null
