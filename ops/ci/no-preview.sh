#!/usr/bin/env bash
# Says on the run's page why a pull request has no preview.
# Usage: HEAD_REPOSITORY=owner/name GITHUB_REPOSITORY= STACK= ops/ci/no-preview.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/ci/outputs.sh

main() {
  local file=build/ci/none.md why
  mkdir -p build/ci
  if [ -z "${STACK:-}" ]; then
    why='the repository has no variable HYPHA_STACK that names a stack (docs/ci.md)'
  elif [ "${HEAD_REPOSITORY:-}" != "${GITHUB_REPOSITORY:-}" ]; then
    why='it comes from a fork, and forks get no secrets. Push its branch to this repository to see what it would change'
  else
    why='it is Dependabot'\''s, which gets no secrets'
  fi
  printf 'No preview for this pull request: %s.\n' "$why" >"$file"
  summary "$file"
}

main "$@"
