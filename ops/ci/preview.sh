#!/usr/bin/env bash
# What the stack would do, as a comment for a pull request: in the run's summary, and as the output `comment`.
# Usage: ops/ci/with-stack.sh ops/ci/preview.sh     STACK names the stack
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/lib/common.sh
. ops/ci/outputs.sh

main() {
  local out=build/ci code=0 url
  url=$(run_url)
  mkdir -p "$out"
  pulumi preview --stack "$STACK" --json --non-interactive >"$out/preview.json" || code=$?
  tsx ops/previewComment.ts --preview "$out/preview.json" ${url:+--run "$url"} >"$out/comment.md"
  summary "$out/comment.md"
  output comment "$out/comment.md"
  [ "$code" = 0 ] || die "The preview failed: see the lines above and the comment."
}

main "$@"
