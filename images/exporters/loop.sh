# shellcheck shell=bash
# For the exporters that are loops: each sources this, and has a function `collect` that leaves its figures in $directory
# as NAME.prom, whole or not at all.

readonly directory=/tmp/textfile

forever() {
  while sleep "${SECONDS_BETWEEN:-15}"; do collect; done
}

# Collects now and every $SECONDS_BETWEEN seconds; node exporter hands the figures out on port $1.
serve() {
  mkdir -p "$directory"
  collect
  # The figures must not stand still unseen: without the loop the container ends, and Swarm starts another.
  (
    forever || true
    kill 1
  ) &
  exec node-exporter --web.listen-address=":$1" --web.disable-exporter-metrics --collector.disable-defaults \
    --collector.textfile --collector.textfile.directory="$directory"
}
