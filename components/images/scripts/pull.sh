#!/usr/bin/env bash
# Sees to it that every engine of NODES has the image REFERENCE, which names its digest: each pulls it by itself. Prints
# the image's id on the first of them.

main() {
  case ${1:-up} in
    check) image_fact ;;
    *) everywhere ;;
  esac
}

everywhere() {
  local receivers
  mapfile -t receivers <<<"${NODES}"
  WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/hypha-image-XXXXXX")
  trap 'rm -rf "${WORK}"' EXIT
  each pull_patiently "${receivers[@]}"
  report "image ${REFERENCE} is missing" "${receivers[@]}"
  cat "${WORK}/$(name_of "${receivers[0]}").id"
}

pull_patiently() { persist pull; }

pull() {
  local start=${SECONDS}
  if there 2>/dev/null; then return 0; fi
  note "pulling ${REFERENCE}"
  at "${ENGINE}" docker pull --quiet "${REFERENCE}" 2>"${OWN}.said" >/dev/null || complain || return
  there 2>"${OWN}.said" || complain || return
  note "pulled ${REFERENCE}, $((SECONDS - start)) s"
}

there() { at "${ENGINE}" docker image inspect '--format={{.Id}}' "${REFERENCE}" >"${OWN}.id"; }

main "$@" </dev/null
