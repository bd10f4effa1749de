#!/usr/bin/env bash
# Healthy: a client that verifies the certificate has got an answer from the database through the pooler once, and the pooler
# takes connections. A Postgres that is away or busy later is not mended by another pooler: its clients would lose their
# place in the queue. The stack gives PGHOST, PGPORT, PGUSER and PGDATABASE.
set -euo pipefail

readonly answered=/tmp/database-answered
export PGHOSTADDR=127.0.0.1 PGSSLMODE=verify-full PGSSLROOTCERT=/etc/hypha/ca.crt PGCONNECT_TIMEOUT=3
if [[ -e $answered ]]; then
  pg_isready -q -t 3
else
  answer=$(psql -X -w -At -c 'select 1')
  [[ $answer == 1 ]]
  : >"$answered"
fi
