#!/usr/bin/env bash
# Makes the cluster when there is none, applies /etc/hypha/init.sql, then becomes Postgres.
set -euo pipefail

readonly major=15
readonly volume=/var/lib/postgresql/data
readonly cluster=$volume/pgdata
readonly fresh=$volume/pgdata.new
readonly settings=/etc/hypha
readonly sockets=/run/postgresql

step=''    # process id of the step under way
private='' # socket directory of the temporary server

say() { printf 'postgres: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

run() {
  local status=0
  "$@" &
  step=$!
  wait "$step" || status=$?
  step=''
  return "$status"
}

stop_temporary() {
  [[ ! -e $cluster/postmaster.pid ]] || pg_ctl -D "$cluster" -m fast -t 4 stop >/dev/null 2>&1 || true
}

stopped() {
  trap '' TERM INT QUIT
  say 'stopped while starting'
  [[ -z $step ]] || kill -TERM "$step" 2>/dev/null || true
  [[ -z $private ]] || stop_temporary
  exit 143
}

check_mounts() {
  local file
  for file in postgresql.conf pg_hba.conf pg_ident.conf init.sql; do
    [[ -r $settings/$file ]] || die "$settings/$file is missing or not readable by uid $(id -u)"
  done
  [[ -w $volume ]] || die "the data volume $volume is not writable by uid $(id -u)"
  [[ -w $sockets ]] || die "the socket volume $sockets is not writable by uid $(id -u)"
}

# The lock goes with the process, and holds across containers on the same volume.
lock_volume() {
  exec 9>>"$volume/.lock"
  run flock -w 10 9 || die "another server is using the data volume"
}

check_version() {
  local found=''
  [[ ! -e $volume/PG_VERSION ]] || die "$volume holds a cluster of its own, not in pgdata/; refusing to touch it"
  [[ -e $cluster ]] || return 0
  [[ -r $cluster/PG_VERSION ]] || die "$cluster exists but is no Postgres cluster; refusing to touch it"
  found=$(<"$cluster/PG_VERSION")
  [[ $found == "$major" ]] ||
    die "the data volume was made by Postgres $found, this image is Postgres $major; refusing to touch it (dump it with $found and restore)"
}

# initdb works beside the final place: one that was interrupted leaves nothing that looks like a cluster.
make_cluster() {
  [[ ! -e $cluster ]] || return 0
  say 'making a new cluster'
  rm -rf "$fresh"
  run initdb -D "$fresh" --username=postgres --auth-local=peer --auth-host=reject \
    --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-instructions >/dev/null ||
    die 'initdb failed'
  mv -T "$fresh" "$cluster"
  sync "$volume"
}

# A server nobody else can reach: its own socket directory and access rules.
apply_init() {
  local status=0
  private=$(mktemp -d /tmp/init.XXXXXX)
  echo 'local all postgres peer' >"$private/hba"
  : >"$private/ident"
  run pg_ctl -D "$cluster" -w -t 600 -s start -o "-c config_file=$settings/postgresql.conf \
    -c hba_file=$private/hba -c ident_file=$private/ident -c listen_addresses= \
    -c unix_socket_directories=$private -c unix_socket_permissions=0700 -c log_min_error_statement=panic \
    -c log_statement=none" || die 'the server does not start with postgresql.conf: see above'
  run psql -X -q -w -v ON_ERROR_STOP=1 -h "$private" -U postgres -d postgres -f "$settings/init.sql" >/dev/null || status=$?
  run pg_ctl -D "$cluster" -w -s -m fast stop
  rm -rf "$private"
  private=''
  ((status == 0)) || die 'init.sql failed: see the error above; the data is unchanged beyond it'
}

main() {
  trap stopped TERM INT QUIT
  check_mounts
  lock_volume
  check_version
  make_cluster
  apply_init
  exec postgres -D "$cluster" -c config_file="$settings/postgresql.conf" -c hba_file="$settings/pg_hba.conf" \
    -c ident_file="$settings/pg_ident.conf" -c listen_addresses= -c unix_socket_directories="$sockets"
}

main "$@" </dev/null
