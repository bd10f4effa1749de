#!/usr/bin/env bash
# What the deployment of this job did, on the page of its run. Runs whatever became of the steps before it.
# Usage: ops/ci/summary.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/lib/common.sh
. ops/ci/outputs.sh

main() {
  local file=build/ci/summary.md
  if [ ! -s "$file" ]; then
    mkdir -p build/ci
    file=build/ci/none.md
    if [ -e build/ci/deploy.log ]; then
      cat >"$file" <<'TEXT'
### The deployment was cut off

What served goes on serving. The lock ends with its process, and the next deployment does what is left.
`make status` and `make audit` tell how it stands.
TEXT
    else
      printf '### Nothing was deployed\n\nThe job ended before that: its log says why.\n' >"$file"
    fi
  fi
  summary "$file"
}

main "$@"
