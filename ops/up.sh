#!/usr/bin/env bash
# From a bare machine to a running stack, in six timed phases. A phase with nothing to do says so and passes on.
# Usage: ops/up.sh [--yes] [pulumi up options…]     (make up)
#
# STACK=dev   the stack
# YES=1       ask nothing (the same as --yes; CI=true implies it)
# PARALLEL=16 resources worked on at once, over all hosts: it bounds the SSH sessions that a host sees
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ops/lib/common.sh
. ops/lib/phases.sh

STACK=${STACK:-dev}
PARALLEL=${PARALLEL:-16}
PHASE_TOTAL=6

stack() {
  have_stack_file
  # shellcheck source=ops/env.sh
  . ops/env.sh
  say "state: $HYPHA_BACKEND"
  if [ -n "${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ]; then say "passphrase: $PULUMI_CONFIG_PASSPHRASE_FILE"; fi
  pulumi stack select --create "$STACK" </dev/null
}

have_stack_file() {
  [ -f "Pulumi.${STACK##*/}.yaml" ] ||
    die "Stack '$STACK' has no Pulumi.${STACK##*/}.yaml. Copy Pulumi.dev.yaml or Pulumi.prod.yaml and fill it in."
}

deploy() {
  local options=()
  if agreed; then options=(--yes); fi
  tsx ops/deploy.ts "${options[@]}" --parallel "$PARALLEL" "$@"
}

main() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      return
      ;;
    --yes)
      export YES=1
      shift
      ;;
  esac
  trap 'phase_failed || true' EXIT
  phase dependencies dependencies
  phase toolchain toolchain
  phase engine ops/engine.sh
  phase base-image ops/base-image.sh ensure
  phase stack stack
  phase deploy deploy "$@"
  announce
  phase_summary
}

output() { pulumi stack output --stack "$STACK" "$1"; }

announce() {
  title "Stack $STACK is up: $(output url)"
  say "  administrator: $(output admin); password: pulumi stack output --show-secrets adminPassword (in make shell)"
  say "  authority to trust: pulumi stack output certificateAuthority (in make shell)"
  say "  make a user: make user NAME=alice$([ "$STACK" = dev ] || echo " STACK=$STACK")"
  if output sources | grep -q sample; then
    say "  bridge, gateway or frontend are the samples: see docs/operations.md for the real ones"
  fi
}

main "$@"
