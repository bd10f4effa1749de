#!/usr/bin/env bash
# Whether the servers are as the stack would write them, and the stack as this commit would: make doctor and a preview.
# A report goes to the run's summary and the outputs `report` and `verdict` (clean, drift, unknown).
# Usage: ops/ci/with-stack.sh ops/ci/drift.sh     STACK names the stack
# Exit code 0: clean, drift, or a deployment was under way; 1: something could not be looked at.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/lib/common.sh
. ops/ci/outputs.sh

OUT=build/ci

# A deployment writes the state all the time.
state() { pulumi stack export --stack "$STACK" | sha256sum; }

main() {
  local before url code=0
  url=$(run_url)
  mkdir -p "$OUT"
  before=$(state)
  tsx ops/doctor.ts --json >"$OUT/doctor.json" || true
  pulumi preview --stack "$STACK" --json --non-interactive >"$OUT/preview.json" || true
  if [ "$before" != "$(state)" ]; then
    say "A deployment was under way meanwhile, so nothing is said of drift."
    return
  fi
  tsx ops/driftReport.ts --doctor "$OUT/doctor.json" --preview "$OUT/preview.json" ${url:+--run "$url"} \
    --verdict "$OUT/verdict" >"$OUT/report.md" || code=$?
  summary "$OUT/report.md"
  output report "$OUT/report.md"
  output verdict "$OUT/verdict"
  return "$code"
}

main "$@"
