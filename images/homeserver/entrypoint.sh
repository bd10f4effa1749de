#!/usr/bin/env bash
# Runs Synapse and, beside it, makes the admin account once Synapse answers.
set -euo pipefail

readonly config=/etc/synapse/homeserver.yaml
readonly secrets=/run/secrets
readonly made=/tmp/admin-made
readonly deadline=${ADMIN_DEADLINE_SECONDS:-180}

synapse=''
admin=''

say() { printf 'homeserver: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

check_mounts() {
  local file
  [[ -n ${ADMIN_USER:-} ]] || die 'ADMIN_USER is not set'
  for file in "$config" "$secrets"/{registration_shared_secret,macaroon_secret_key,form_secret,signing_key,admin_password}; do
    [[ -r $file ]] || die "$file is missing or not readable by uid $(id -u)"
  done
  [[ -w /data ]] || die "/data is not writable by uid $(id -u)"
}

# The password goes from file to process; an account that exists is left as it is.
make_admin() {
  local answer=''
  SECONDS=0
  while ((SECONDS < deadline)); do
    if answer=$(timeout 20 register_new_matrix_user --config "$config" --user "$ADMIN_USER" \
      --password-file "$secrets/admin_password" --admin --exists-ok http://127.0.0.1:8008 2>&1); then
      : >"$made"
      say "admin account $ADMIN_USER is there"
      return
    fi
    sleep 1
  done
  say "the admin account $ADMIN_USER could not be made in $deadline s, so health stays red: ${answer##*$'\n'}"
}

# Wait for the port first: a registration attempt costs a second of CPU.
make_admin_when_up() {
  local tries=0
  until (: >/dev/tcp/127.0.0.1/8008) 2>/dev/null; do
    ((++tries < deadline * 5)) || break
    sleep 0.2
  done
  make_admin
}

stop() {
  trap '' TERM INT
  [[ -z $admin ]] || kill -TERM "$admin" 2>/dev/null || true
  [[ -z $synapse ]] || kill -TERM "$synapse" 2>/dev/null || true
  wait "$synapse" || true
  exit 143
}

main() {
  local status=0
  check_mounts
  rm -f "$made"
  trap stop TERM INT
  python3 -m synapse.app.homeserver --config-path "$config" &
  synapse=$!
  make_admin_when_up &
  admin=$!
  wait "$synapse" || status=$?
  say "Synapse ended with exit code $status"
  return "$((status == 0 ? 1 : status))"
}

main "$@" </dev/null
