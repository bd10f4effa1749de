#!/usr/bin/env bash
# Healthy: the rooms list says success, and the pooler's database has answered "select 1" once. (The real gateway answers
# the rooms list without asking its database.) One that is away or busy later is not mended by another gateway.
set -euo pipefail

rooms() {
  local reply
  exec 3<>/dev/tcp/127.0.0.1/8080
  printf 'GET /api/rooms/list HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
  reply=$(timeout 2 cat <&3 | tr -d '\r')
  exec 3>&-
  [[ $reply == "HTTP/1."?" 200 "* ]] || return 1
  [[ ${reply#*$'\n\n'} =~ ^\{.*\"success\":\ ?true.*\"rooms\".*\}$ ]]
}

# Postgres' protocol by hand: start-up message, then a simple query; its completion tag ends with a NUL.
database() {
  local part
  exec 3<>/dev/tcp/127.0.0.1/5432
  printf '\0\0\0\x35\0\3\0\0user\0mycelium_user\0database\0mycelium_matrix\0\0' >&3
  printf 'Q\0\0\0\x0dselect 1\0' >&3
  while IFS= read -r -t 2 -d '' -u 3 part; do
    if [[ $part == *'SELECT 1' ]]; then
      printf 'X\0\0\0\4' >&3
      return 0
    fi
  done
  return 1
}

readonly answered=/tmp/database-answered
rooms
[[ -e $answered ]] || { database && : >"$answered"; }
