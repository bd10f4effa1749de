#!/usr/bin/env bash
# Sees to it that the host has the Mycelium executable, under the name of its content: found there, else sent from
# this machine, which a release is downloaded to. Runs beside Pulumi, in the project's directory.

LIBRARY=/usr/local/lib/hypha

main() {
  place=${LIBRARY}/mycelium-${PROGRAM}
  # The SHA-256 is the program's own only where a file was given: a release's is its archive's.
  wanted="executable${PROGRAM_FILE:+, sha256 ${PROGRAM_SHA256}}"
  case ${1:-up} in
    up) up ;;
    # Runs on the host.
    check) fact program "${place}" "$(state_of "${place}" "${PROGRAM_FILE:+sum}")" "${wanted}" ;;
  esac
}

# state_of FILE [sum]
state_of() {
  [[ -x $1 ]] || return 0
  printf executable
  [[ -z ${2:-} ]] || printf ', sha256 %s' "$(sha256sum <"$1" | cut -d ' ' -f 1)"
}

up() {
  mapfile -t login <<<"${TARGET}"
  [[ -n ${PROGRAM} ]] || fail "is ${ARCHITECTURE}, and no SHA-256 of the release is known for that" \
    "add hypha:mycelium.source.sha256.${ARCHITECTURE}"
  if [[ $(on_host bash -c "$(declare -f state_of); state_of ${place} ${PROGRAM_FILE:+sum}") == "${wanted}" ]]; then
    return 0
  fi
  work=$(mktemp -d)
  trap 'rm -rf "${work}"' EXIT
  if [[ -n ${PROGRAM_URL} ]]; then
    from_release
  else
    from_file
  fi
  note "sending mycelium, $(($(wc -c <"${work}/mycelium") / 1024)) KiB"
  retry 3 send || fail "mycelium could not be sent" "see the message above; is there enough disk on the host?"
}

# ssh joins its arguments with blanks and gives them to a shell, which may be any.
on_host() {
  local word words=
  # shellcheck disable=SC2086 # ELEVATE is nothing or two words
  for word in ${ELEVATE} "$@"; do words+="'${word//\'/\'\\\'\'}' "; done
  ssh "${login[@]}" -- "${words}"
}

from_file() {
  local file=${PROGRAM_FILE/#\~\//"${HOME}/"}
  cp "${file}" "${work}/mycelium" || fail "${file} cannot be read" "correct hypha:mycelium.source.path"
  genuine "${work}/mycelium" || fail "${file} is not what it was when this deployment began" "run it again"
}

# Several hosts, one download: it is kept, and checked each time.
from_release() {
  local cache=${XDG_CACHE_HOME:-${HOME}/.cache}/hypha/mycelium
  local archive=${cache}/${PROGRAM_SHA256}.tar.gz
  if ! genuine "${archive}"; then
    note "downloading ${PROGRAM_URL}"
    download "${PROGRAM_URL}" "${work}/archive" ||
      fail "${PROGRAM_URL} cannot be downloaded" "correct hypha:mycelium.source.version, or give a file"
    genuine "${work}/archive" || fail "${PROGRAM_URL} has another SHA-256 than hypha:mycelium.source.sha256.${ARCHITECTURE}" \
      "find out why before you correct it"
    mkdir -p "${cache}"
    mv "${work}/archive" "${archive}"
  fi
  tar -xzf "${archive}" -C "${work}" mycelium >&2 || fail "${PROGRAM_URL} holds no file mycelium" "give a file instead"
}

genuine() { printf '%s  %s\n' "${PROGRAM_SHA256}" "$1" | sha256sum --check --status 2>/dev/null; }

# Arrives whole or not at all.
send() {
  local sum
  sum=$(sha256sum <"${work}/mycelium" | cut -d ' ' -f 1)
  gzip -1 <"${work}/mycelium" | on_host bash -c "$(declare -f receive); receive ${place} ${sum}"
}

receive() {
  set -euo pipefail
  gzip -d >"$1.part"
  printf '%s  %s\n' "$2" "$1.part" | sha256sum --check --quiet
  chmod 0755 "$1.part"
  mv "$1.part" "$1"
}

main "$@" </dev/null
