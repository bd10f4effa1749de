#!/usr/bin/env bash
# Every check that needs no running machine: all of them run, one line each, and the exit code is 1 if any failed.
#   check <name> passed | failed | skipped (<reason>)
# A tool that is not installed fails in CI and is skipped elsewhere.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/node_modules/.bin:$PATH:${XDG_CACHE_HOME:-$HOME/.cache}/hypha/bin"
failures=0

verdict() {
  echo "check $1 $2"
  if [[ $2 == failed* ]]; then
    failures=$((failures + 1))
  fi
}

# check NAME COMMAND...: what the command prints is shown only when it fails.
check() {
  local name=$1 output
  shift
  if ! command -v "$1" >/dev/null; then
    if [[ -n ${CI:-} ]]; then
      verdict "$name" "failed ($1 is not installed)"
    else
      verdict "$name" "skipped ($1 is not installed)"
    fi
  elif output=$("$@" 2>&1); then
    verdict "$name" passed
  else
    printf '%s\n' "$output"
    verdict "$name" failed
  fi
}

# Paths in the tree that match, new ones included and deleted ones not, NUL-separated.
files() {
  git ls-files -z --cached --others --exclude-standard --deduplicate -- "$@" |
    while IFS= read -r -d '' file; do
      if [[ -f $file ]]; then
        printf '%s\0' "$file"
      fi
    done
}

# gofmt exits 0 whatever it finds.
gofmt_clean() {
  local changed
  changed=$(gofmt -l "$@")
  if [[ -n $changed ]]; then
    printf 'not formatted:\n%s\n' "$changed"
    return 1
  fi
}

check_go() {
  if command -v gofmt >/dev/null; then
    check gofmt gofmt_clean "$@"
  else
    check gofmt gofmt
  fi
}

main() {
  local scripts=() workflows=() go=()
  mapfile -d '' -t scripts < <(files '*.sh' .ci/run)
  mapfile -d '' -t workflows < <(files '.github/workflows/*.yml' '.github/workflows/*.yaml')
  mapfile -d '' -t go < <(files 'toolchain/*.go' '*.go')

  check types tsc --noEmit
  check eslint eslint --max-warnings 0 .
  check prettier prettier --check --log-level warn .
  check schema tsx ops/schema.ts --check
  check shellcheck shellcheck -x -P SCRIPTDIR "${scripts[@]}"
  check shfmt shfmt -d -i 2 -ci "${scripts[@]}"
  if ((${#workflows[@]} > 0)); then
    check actionlint actionlint "${workflows[@]}"
  fi
  if ((${#go[@]} > 0)); then
    check_go "${go[@]}"
  fi
  if ((failures > 0)); then
    exit 1
  fi
}

main "$@" </dev/null
