# shellcheck shell=bash
# What plain `pulumi` commands need in this checkout. Source it (.envrc and `make shell` do).
# Sets: the state backend unless you chose one, the passphrase file, PATH.

HYPHA_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)
HYPHA_DATA=${XDG_DATA_HOME:-$HOME/.local/share}/hypha
export HYPHA_ROOT HYPHA_DATA

# Where Pulumi will keep state: the variable, the token's service, the last `pulumi login`, else our own directory.
hypha_backend() {
  local login=''
  if [ -r "${PULUMI_HOME:-$HOME/.pulumi}/credentials.json" ]; then
    login=$(sed -n 's/.*"current"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "${PULUMI_HOME:-$HOME/.pulumi}/credentials.json")
  fi
  HYPHA_BACKEND=${PULUMI_BACKEND_URL:-${PULUMI_ACCESS_TOKEN:+https://api.pulumi.com}}
  HYPHA_BACKEND=${HYPHA_BACKEND:-$login}
  if [ -z "$HYPHA_BACKEND" ]; then
    mkdir -p "$HYPHA_DATA/state"
    # State is replaced in one step, but a file of attributes beside it is not: a kill at the wrong moment leaves that
    # one empty, and Pulumi then reads no state at all. Nothing needs the attributes, so none are written.
    HYPHA_BACKEND="file://$HYPHA_DATA/state?metadata=skip"
    find "$HYPHA_DATA/state" -name '*.attrs' -size 0 -delete
    export PULUMI_BACKEND_URL=$HYPHA_BACKEND
  fi
  export HYPHA_BACKEND
}

# Anything of a stack under the state directory: its secrets need the passphrase they were sealed with.
hypha_has_state() {
  [ -n "$(find "$HYPHA_DATA/state/.pulumi/stacks" -type f -name '*.json*' 2>/dev/null | head -n 1)" ]
}

hypha_passphrase() {
  # Given otherwise, or a service that keeps the key itself: no file of ours is needed.
  if [ -n "${PULUMI_CONFIG_PASSPHRASE+set}" ] || [ -n "${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ]; then return; fi
  case $HYPHA_BACKEND in http://* | https://*) return ;; esac
  local file=$HYPHA_DATA/passphrase
  if [ ! -f "$file" ]; then
    if hypha_has_state; then
      printf '%s\n' "The passphrase file $file is missing, but $HYPHA_DATA/state holds stacks sealed with it." \
        "Put the file back from your backup, or set PULUMI_CONFIG_PASSPHRASE_FILE to where it is." \
        "A new passphrase would not open them, so none was made." >&2
      return 1
    fi
    mkdir -p "$HYPHA_DATA"
    # Created whole and never over another: two first runs at once agree on one.
    local draft
    draft=$(mktemp "$HYPHA_DATA/.passphrase.XXXXXX") || return 1
    chmod 0600 "$draft"
    head -c 32 /dev/urandom | base64 | tr -d '\n' >"$draft"
    ln "$draft" "$file" 2>/dev/null || true
    rm -f "$draft"
    printf '%s\n' "A passphrase for the stack's secrets was made: $file" \
      "Back it up: without it the stacks' secrets cannot be read." >&2
  fi
  export PULUMI_CONFIG_PASSPHRASE_FILE="$file"
}

hypha_env() {
  hypha_backend
  hypha_passphrase || return 1
  export PULUMI_SKIP_UPDATE_CHECK=true
  # What does not depend on a failed resource is still done: one host out of order stops no other.
  export PULUMI_CONTINUE_ON_ERROR=${PULUMI_CONTINUE_ON_ERROR:-true}
  # `npm run typecheck` checks types; each deployment need not do it again.
  export PULUMI_NODEJS_TRANSPILE_ONLY=${PULUMI_NODEJS_TRANSPILE_ONLY:-true}
  case ":$PATH:" in
    *":$HYPHA_ROOT/node_modules/.bin:"*) ;;
    *) export PATH="$HYPHA_ROOT/node_modules/.bin:$PATH" ;;
  esac
}

hypha_env
