#!/usr/bin/env bash
# Healthy: a client that verifies the certificate gets an answer from the database through the pooler.
# The stack gives PGHOST, PGPORT, PGUSER and PGDATABASE.
set -euo pipefail

export PGHOSTADDR=127.0.0.1 PGSSLMODE=verify-full PGSSLROOTCERT=/etc/hypha/ca.crt PGCONNECT_TIMEOUT=3
answer=$(psql -X -w -At -c 'select 1')
[[ $answer == 1 ]]
