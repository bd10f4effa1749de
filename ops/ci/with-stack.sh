#!/usr/bin/env bash
# Runs a command that works on a stack as a job of CI does: everything it needs is looked at first, then the Pulumi
# engine is made ready, the SSH key goes into an agent that ends with this process, and short-lived credentials are got.
# Usage: [exec] ops/ci/with-stack.sh COMMAND [ARGUMENT…]     in a workflow: exec, so that a cancelled job is told
#
# STACK                      the stack, whose Pulumi.<stack>.yaml is committed
# PULUMI_BACKEND_URL         where the state is (s3://…, file:///… on a runner that keeps its disk), or
# PULUMI_ACCESS_TOKEN        Pulumi Cloud, or PULUMI_OIDC_ORG=<organization>: Pulumi Cloud by the job's own identity
# PULUMI_CONFIG_PASSPHRASE   opens the stack's secrets, where the state is not in Pulumi Cloud
# SSH_PRIVATE_KEY            a private key without a passphrase; without it the runner's own agent or key files are used
# AWS_ROLE_ARN               role for an s3:// backend by the job's own identity (OIDC), with the aws command
# An empty variable counts as one that is not set: so a workflow hands over secrets that are not there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/lib/common.sh
. ops/lib/phases.sh

OPTIONAL=(PULUMI_BACKEND_URL PULUMI_ACCESS_TOKEN PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE
  PULUMI_OIDC_ORG SSH_PRIVATE_KEY AWS_ROLE_ARN AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY)
PHASE_TOTAL=2
PROBLEMS=()

# problem WHAT FIX
problem() { PROBLEMS+=("$1" "  what to do: $2"); }

forget_empty() {
  local name
  for name in "${OPTIONAL[@]}"; do [ -n "${!name:-}" ] || unset "$name"; done
}

in_actions() { [ "${GITHUB_ACTIONS:-}" = true ]; }

check_stack() {
  local file="Pulumi.${STACK##*/}.yaml"
  if [ ! -f "$file" ]; then
    problem "STACK is '$STACK', and there is no $file in this checkout" \
      "commit the stack's configuration, or correct the repository's variable HYPHA_STACK"
  elif in_actions && ! in_cloud && ! grep -qE '^(encryptionsalt|secretsprovider):' "$file"; then
    problem "$file has no line encryptionsalt: or secretsprovider:, so this job would make one that is lost with it" \
      "bring the stack up once by hand (make up STACK=$STACK), and commit the line that this adds"
  fi
}

in_cloud() {
  case ${PULUMI_BACKEND_URL:-} in
    http://* | https://*) return 0 ;;
    '') [ -n "${PULUMI_ACCESS_TOKEN:-}${PULUMI_OIDC_ORG:-}" ] ;;
    *) return 1 ;;
  esac
}

# The state must be where the next job finds it.
check_backend() {
  case ${PULUMI_BACKEND_URL:-} in
    file://*) if in_actions; then check_file_backend "${PULUMI_BACKEND_URL#file://}"; fi ;;
    '')
      in_cloud || ! in_actions || problem "no state backend is named: this job's state would be lost with its runner" \
        "set the variable PULUMI_BACKEND_URL or the secret PULUMI_ACCESS_TOKEN (docs/ci.md)"
      ;;
  esac
}

# check_file_backend PATH[?OPTIONS]
check_file_backend() {
  local directory=${1%%\?*} temporary
  directory=${directory/#\~/$HOME}
  if [ "${RUNNER_ENVIRONMENT:-}" != self-hosted ]; then
    problem "the state backend is a file (${PULUMI_BACKEND_URL}), and this runner is thrown away after the job" \
      "keep the state in Pulumi Cloud or an S3-compatible bucket, or run on a self-hosted runner (docs/ci.md)"
    return
  fi
  for temporary in "${RUNNER_TEMP:-}" "${GITHUB_WORKSPACE:-}"; do
    if [ -n "$temporary" ] && [[ $directory/ == "${temporary%/}"/* ]]; then
      problem "the state backend $directory is below $temporary, which does not outlive a job" \
        "name a directory of this runner's own in PULUMI_BACKEND_URL"
      return
    fi
  done
  [ -d "$directory" ] || problem "the state backend $directory is not there: is this the runner that keeps the state?" \
    "on the runner that keeps it, and on no other: mkdir -p $directory"
}

check_passphrase() {
  if in_cloud || [ -n "${PULUMI_CONFIG_PASSPHRASE:-}${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ]; then return; fi
  if grep -qs '^secretsprovider:' "Pulumi.${STACK##*/}.yaml"; then
    # Pulumi asks for none, and our own would be no use.
    export PULUMI_CONFIG_PASSPHRASE=
  elif in_actions && [ ! -f "${XDG_DATA_HOME:-$HOME/.local/share}/hypha/passphrase" ]; then
    problem "PULUMI_CONFIG_PASSPHRASE is empty: a secret that is not set, or not given to this environment" \
      "set the secret PULUMI_CONFIG_PASSPHRASE to what the stack's secrets were sealed with"
  fi
}

check_key() {
  case ${SSH_PRIVATE_KEY:-} in
    '' | '-----BEGIN '*'PRIVATE KEY-----'*) ;;
    *) problem "SSH_PRIVATE_KEY is no private key" "store the whole file, from its line BEGIN to its line END" ;;
  esac
}

settings() {
  [ -n "${STACK:-}" ] || die "STACK names no stack."
  check_stack
  check_backend
  check_passphrase
  check_key
  if [ ${#PROBLEMS[@]} -gt 0 ]; then die "${PROBLEMS[@]}"; fi
  say "stack $STACK, state: ${PULUMI_BACKEND_URL:-$(in_cloud && printf 'Pulumi Cloud' || printf 'as make up has it here')}"
}

# identity_token AUDIENCE FILE: what GitHub vouches for this job with.
identity_token() {
  [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] ||
    die "This job has no identity to show." "Its permissions need: id-token: write"
  # The request's own token is not for the process list.
  printf 'header = "Authorization: bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
    curl --silent --show-error --fail --retry 3 --max-time 30 --config - --get --data-urlencode "audience=$1" \
      "$ACTIONS_ID_TOKEN_REQUEST_URL" |
    node -e 'process.stdout.write(JSON.parse(require("fs").readFileSync(0, "utf8")).value)' >"$2" ||
    die "GitHub gave this job no token for $1: see the line above."
}

credentials() {
  [ -n "${AWS_ROLE_ARN:-}${PULUMI_OIDC_ORG:-}" ] || return 0
  local private
  private=$(umask 077 && mktemp -d)
  if [ -n "${AWS_ROLE_ARN:-}" ]; then assume_role "$private/aws"; fi
  if [ -n "${PULUMI_OIDC_ORG:-}" ]; then
    identity_token "urn:pulumi:org:$PULUMI_OIDC_ORG" "$private/pulumi"
    node_modules/.bin/pulumi login --oidc-org "$PULUMI_OIDC_ORG" --oidc-token "file://$private/pulumi"
  fi
  rm -rf "$private"
}

# One hour's credentials, as the token itself is good for some minutes only.
assume_role() {
  have aws || die "AWS_ROLE_ARN is set, and the aws command is not there." "Install it on the runner (GitHub's have it)."
  identity_token sts.amazonaws.com "$1"
  local answer
  answer=$(aws sts assume-role-with-web-identity --role-arn "$AWS_ROLE_ARN" --role-session-name hypha \
    --web-identity-token "file://$1" --output text \
    --query '[Credentials.AccessKeyId,Credentials.SecretAccessKey,Credentials.SessionToken]')
  read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<<"$answer"
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  unset AWS_ROLE_ARN
}

engine() {
  dependencies
  toolchain
  credentials
}

key() {
  ssh-add -q - 2>/dev/null || die "ssh-add does not take SSH_PRIVATE_KEY." \
    "Store a key without a passphrase, whole, its last line with its line end."
  say "the SSH key is in an agent of this job's own"
}

# Pulumi's engine ends its steps when it is interrupted, and leaves no lock; so whoever is told here tells it.
run() {
  trap 'kill -INT -- "-$command" 2>/dev/null || true' INT TERM HUP
  set -m
  "$@" </dev/null &
  local command=$! code=0
  # A signal ends the wait before the command's end.
  while kill -0 "$command" 2>/dev/null; do
    code=0
    wait "$command" || code=$?
  done
  exit "$code"
}

main() {
  case "${1:-}" in
    '' | -h | --help)
      sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '$d'
      return
      ;;
    --with-key)
      shift
      key
      ;;
    *)
      forget_empty
      phase settings settings
      phase engine engine
      if [ -n "${SSH_PRIVATE_KEY:-}" ]; then
        local private=${SSH_PRIVATE_KEY//$'\r'/}
        unset SSH_PRIVATE_KEY
        # The agent is a child of this process, and ends with it; the key is in nobody's environment.
        exec ssh-agent ops/ci/with-stack.sh --with-key "$@" <<<"$private"
      fi
      ;;
  esac
  . ops/env.sh
  run "$@"
}

main "$@"
