#!/usr/bin/env bash
# What PgBouncer's console says, as figures under the names of prometheus-community's exporter: $PGHOST, port $PGPORT, is
# asked as $PGUSER every $SECONDS_BETWEEN seconds; node exporter hands it out on 9127.
set -euo pipefail

# shellcheck source=images/exporters/loop.sh
. /usr/local/lib/hypha/loop.sh

# The question, the column of its answer, the name of the figure.
readonly told=(
  'pools cl_active client_active_connections'
  'pools cl_waiting client_waiting_connections'
  'pools maxwait client_maxwait_seconds'
  'pools sv_active server_active_connections'
  'pools sv_idle server_idle_connections'
  'pools sv_used server_used_connections'
  'stats_totals xact_count sql_transactions_pooled_total'
  'stats_totals xact_time server_in_transaction_seconds_total'
  'stats_totals query_count queries_pooled_total'
  'stats_totals query_time queries_duration_seconds_total'
  'stats_totals wait_time client_wait_seconds_total'
  'stats_totals bytes_received received_bytes_total'
  'stats_totals bytes_sent sent_bytes_total'
  'databases max_connections max_connections'
  'databases current_connections current_connections'
  'databases paused paused'
  'databases disabled disabled'
)

# The rows of each answer below a line `# <question>` and a header, with tabs between.
ask() {
  timeout 5 psql -X -q -w -A -F $'\t' -P footer=off -v ON_ERROR_STOP=1 \
    -c '\echo # pools' -c 'SHOW POOLS' -c '\echo # stats_totals' -c 'SHOW STATS_TOTALS' \
    -c '\echo # databases' -c 'SHOW DATABASES'
}

# Columns are found by name: their order changes with PgBouncer's versions. One that is missing is an error, for an alert
# on what is not there would never fire. The console tells times in microseconds; it is left out itself.
render() {
  awk -F '\t' '
    NR == FNR { split($0, part, " "); wanted[++count] = part[1]; columns[count] = part[2]; names[count] = part[3]; next }
    /^# / { table = substr($0, 3); header = 1; next }
    header {
      split("", at)
      for (i = 1; i <= NF; i++) at[$i] = i
      for (i = 1; i <= count; i++) if (wanted[i] == table && !(columns[i] in at)) {
        print "pooler: SHOW " toupper(table) " has no column " columns[i] >"/dev/stderr"
        exit failed = 1
      }
      header = 0
      next
    }
    {
      name = $at[table == "databases" ? "name" : "database"]
      if (name == "pgbouncer") next
      labels = table == "databases" ? sprintf("name=\"%s\",database=\"%s\"", name, $at["database"]) : "database=\"" name "\""
      if (table == "pools") labels = labels ",user=\"" $at["user"] "\""
      for (i = 1; i <= count; i++) if (wanted[i] == table) {
        value = columns[i] ~ /_time$/ ? sprintf("%.6f", $at[columns[i]] / 1e6) : $at[columns[i]]
        series[i] = series[i] "pgbouncer_" table "_" names[i] "{" labels "} " value "\n"
      }
    }
    END {
      if (failed) exit failed
      for (i = 1; i <= count; i++) if (i in series) {
        printf "# TYPE pgbouncer_%s_%s %s\n%s", wanted[i], names[i], names[i] ~ /_total$/ ? "counter" : "gauge", series[i]
      }
    }' <(printf '%s\n' "${told[@]}") -
}

collect() {
  local answer figures='' up=0
  # Why not stands in the log, in the words of psql.
  if answer=$(ask) && figures=$(render <<<"$answer"); then up=1; fi
  {
    printf '# TYPE pgbouncer_up gauge\npgbouncer_up %d\n' "$up"
    ((up == 0)) || printf '%s\n' "$figures"
  } >"$directory/pooler.tmp"
  mv "$directory/pooler.tmp" "$directory/pooler.prom"
}

main() {
  : "${PGHOST:?the DNS name of the pooler}" "${PGPORT:?its port}" "${PGUSER:?the account that may ask}"
  export PGDATABASE=pgbouncer PGPASSFILE=/run/secrets/pgpass PGCONNECT_TIMEOUT=3
  export PGSSLMODE=verify-full PGSSLROOTCERT=/etc/hypha/ca.crt
  serve 9127
}

main "$@" </dev/null
