#!/usr/bin/env bash
# Every check and test. A failed stage does not stop the next ones; the last line counts everything.
# Usage: ops/test.sh [--no-setup] [STAGE…]     (make test)
#
# Stages: lint unit watch toolchain images lab e2e (default: these). Logs and jest results: build/test/
# watch is the story of the observability: it waits for alerts most of its time, and runs beside the stages after it.
# Two more run where they are named: alarms sets off alerts by real faults and then watches a quiet hour, two in all;
# vm is for what wants a kernel of the server's own, and needs /dev/kvm (or ACCEL=tcg and hours).
# --no-setup leaves out what comes before: dependencies, toolchain, engine, base image.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ops/lib/common.sh
. ops/lib/phases.sh

OUT=${HYPHA_TEST_OUT:-build/test}
SETUP=1
PHASE_TOTAL=4

tools() {
  toolchain
  ops/toolchain.sh tools
}

setup() {
  # Tests ask nothing: what they need and may install, they install.
  export YES=1
  phase dependencies dependencies
  phase toolchain tools
  phase engine ops/engine.sh
  phase base-image ops/base-image.sh ensure
}

command_of() {
  local result="--passWithNoTests --json --outputFile=$OUT/$1.json" only=--testPathPatterns
  case $1 in
    lint) printf 'npm run --silent lint' ;;
    unit | images) printf 'npm run --silent test:%s -- %s' "$1" "$result" ;;
    watch | e2e)
      [ "$1" = watch ] || only=--testPathIgnorePatterns
      printf 'npm run --silent test:e2e -- %s e2e/observability %s' "$only" "$result"
      ;;
    vm) printf 'env HYPHA_LAB=vm npx jest --selectProjects vm --runInBand %s' "$result" ;;
    toolchain | lab | alarms) printf 'npx jest --selectProjects %s --runInBand %s' "$1" "$result" ;;
    *) die "There is no stage '$1'. See: ops/test.sh --help" ;;
  esac
}

# What a stage prints goes to the screen and its log; jest's own JSON, which is long, to its file only.
run_stage() {
  local name=$1 command code=0 start=$EPOCHREALTIME
  read -r -a command <<<"$(command_of "$name")"
  title "stage $name: ${command[*]}"
  rm -f "$OUT/$name.json"
  if [ "$name" = lint ]; then
    "${command[@]}" </dev/null 2>&1 | tee "$OUT/$name.log" || code=$?
  else
    "${command[@]}" </dev/null 2>&1 >/dev/null | tee "$OUT/$name.log" || code=$?
  fi
  printf '%s\t%s\t%s\n' "$name" "$code" "$(seconds_since "$start")" >>"$OUT/stages.tsv"
}

# A run that ends before its tests is a failed one, and its last line says so too.
setup_failed() {
  phase_failed && return
  printf '0 passed, 1 failed, 0 skipped\n'
}

main() {
  local stages=() stage
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '$d'
        return
        ;;
      --no-setup) SETUP=0 ;;
      *)
        command_of "$1" >/dev/null
        stages+=("$1")
        ;;
    esac
    shift
  done
  [ ${#stages[@]} -gt 0 ] || stages=(lint unit watch toolchain images lab e2e)
  mkdir -p "$OUT"
  : >"$OUT/stages.tsv"
  if [ "$SETUP" = 1 ]; then
    trap setup_failed EXIT
    setup
    trap - EXIT
    phase_summary
  fi
  # The tools that the toolchain built, and the state and passphrase of nobody: tests bring their own.
  export PATH="$PWD/node_modules/.bin:$PATH:${XDG_CACHE_HOME:-$HOME/.cache}/hypha/bin"
  for stage in "${stages[@]}"; do
    if [ "$stage" = watch ]; then run_stage watch & else run_stage "$stage"; fi
  done
  wait
  say "not part of it unless named: alarms (two hours), vm (wants /dev/kvm): ops/test.sh alarms vm"
  tsx ops/testReport.ts "$OUT"
}

main "$@"
