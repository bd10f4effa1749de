#!/usr/bin/env bash
# Brings the stack to this checkout, or back to an earlier version, and notes what happened for ops/ci/summary.sh.
# Usage: ops/ci/with-stack.sh ops/ci/deploy.sh
#
# STACK                     the stack
# VERSION=                  a number of make history, a commit or a tag: that version is put back
# WAIT=600                  seconds to wait for somebody else's lock
# ROLLBACK_ON_FAILURE=true  what worked before is put back after a failure, which stays one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/lib/common.sh

OUT=build/ci

what() {
  if [ -z "${VERSION:-}" ]; then
    printf 'up\n'
  elif [[ $VERSION =~ ^[0-9A-Za-z][0-9A-Za-z._/-]{0,99}$ ]]; then
    # What somebody typed into a form is looked at before make sees it.
    printf 'redeploy\nVERSION=%s\n' "$VERSION"
  else
    die "VERSION is no version: give a number of make history, a commit or a tag."
  fi
}

main() {
  local target code=0 began url wanted
  began=$(date -u '+%Y-%m-%dT%H:%M:%SZ')
  url=$(. ops/ci/outputs.sh && run_url)
  wanted=$(what)
  mapfile -t target <<<"$wanted"
  mkdir -p "$OUT"
  rm -f "$OUT/summary.md"
  export WAIT=${WAIT:-600}
  # Who is interrupted with its command sees to the end of it, and then says how it was.
  trap : INT TERM HUP
  make "${target[@]}" "STACK=$STACK" 2>&1 | tee -i "$OUT/deploy.log" || code=$?
  make --silent audit JSON=1 LINES=20 "STACK=$STACK" >"$OUT/audit.json" || true
  tsx ops/deploymentSummary.ts --audit "$OUT/audit.json" --log "$OUT/deploy.log" --since "$began" --code "$code" \
    ${url:+--run "$url"} >"$OUT/summary.md"
  exit "$code"
}

main "$@"
