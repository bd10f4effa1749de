#!/usr/bin/env bash
# Healthy: the server accepts connections on the shared socket and answers a query.
set -euo pipefail

pg_isready -q -t 3 -h /run/postgresql
answer=$(PGCONNECT_TIMEOUT=3 psql -X -w -At -h /run/postgresql -U postgres -d postgres -c 'select 1')
[[ $answer == 1 ]]
