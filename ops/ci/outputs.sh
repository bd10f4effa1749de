# shellcheck shell=bash
# What a job tells GitHub, or the terminal where there is none. Source it after common.sh.

# summary FILE: on the page of the run.
summary() {
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$1" >>"$GITHUB_STEP_SUMMARY"; else cat "$1"; fi
}

# output NAME FILE: for the jobs that need this one.
output() {
  [ -n "${GITHUB_OUTPUT:-}" ] || return 0
  local end
  end=end-$(head -c 16 /dev/urandom | base64 | tr -dc A-Za-z0-9)
  # A file without a line end at its end would swallow the mark.
  { printf '%s<<%s\n' "$1" "$end" && awk 1 "$2" && printf '%s\n' "$end"; } >>"$GITHUB_OUTPUT"
}

# The page of this run; empty elsewhere.
run_url() {
  [ -z "${GITHUB_RUN_ID:-}" ] ||
    printf '%s/%s/actions/runs/%s' "${GITHUB_SERVER_URL:-https://github.com}" "$GITHUB_REPOSITORY" "$GITHUB_RUN_ID"
}
