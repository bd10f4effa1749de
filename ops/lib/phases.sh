# shellcheck shell=bash
# Timed phases, and the ones that `make up` and `make test` share. Source it after common.sh.

PHASE='' PHASE_NUMBER=0 PHASE_TOTAL=0 PHASE_START=0 PHASES_START=$EPOCHREALTIME
PHASE_LINES=()

# phase NAME COMMAND…: runs it in this shell, so that what it exports stays. The first failure ends the run.
phase() {
  PHASE=$1
  PHASE_NUMBER=$((PHASE_NUMBER + 1))
  PHASE_START=$EPOCHREALTIME
  shift
  title "[$PHASE_NUMBER/$PHASE_TOTAL] $PHASE …"
  "$@"
  phase_end
}

phase_end() {
  local seconds
  seconds=$(seconds_since "$PHASE_START")
  PHASE_LINES+=("$(printf '  %-20s %8s s' "$PHASE" "$seconds")")
  good "[$PHASE_NUMBER/$PHASE_TOTAL] $PHASE: $seconds s"
  PHASE=''
}

# For `trap … EXIT`: says which phase ended the run.
phase_failed() {
  local code=$?
  if [ "$code" != 0 ] && [ -n "$PHASE" ]; then
    complain "[$PHASE_NUMBER/$PHASE_TOTAL] $PHASE failed after $(seconds_since "$PHASE_START") s (exit code $code)"
  fi
  return "$code"
}

phase_summary() {
  local line
  for line in "${PHASE_LINES[@]}"; do say "$line"; done
  say "$(printf '  %-20s %8s s' total "$(seconds_since "$PHASES_START")")"
}

dependencies() {
  local major
  have node || die "Node.js is missing. Install version 20 or newer: https://nodejs.org/en/download"
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] ||
    die "Node.js is $(node --version); Hypha needs 20 or newer: https://nodejs.org/en/download"
  if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    have npm || die "npm is missing. Install it (Debian, Ubuntu: apt-get install npm)."
    npm ci --no-audit --no-fund --loglevel=error
    # npm may give its own file an older time than the lock file's.
    touch node_modules/.package-lock.json
  else
    say "node_modules is as package-lock.json wants it"
  fi
}

toolchain() {
  [ -x ops/toolchain.sh ] || die "ops/toolchain.sh is missing from this checkout: restore it with git."
  local options=()
  if agreed; then options=(--yes); fi
  ops/toolchain.sh ensure "${options[@]}"
}
