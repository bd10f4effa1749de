#!/usr/bin/env bash
# Checks that what nginx.conf needs is mounted, then becomes Nginx; with FIGURES=yes two exporters run beside it.
set -euo pipefail

# Each runs again whenever it ends: a figure that is missing must not take the site down.
requests() {
  while :; do
    rm -f /tmp/mtail.sock
    mtail --progs /etc/hypha/access.mtail --logs unixgram:///tmp/mtail.sock --port 3903 --logtostderr \
      --stderrthreshold WARNING || true
    sleep 1
  done
}

connections() {
  while :; do
    prometheus-nginx-exporter -nginx.scrape-uri http://127.0.0.1:8081/stub_status -nginx.retries 10 \
      -nginx.retry-interval 1s -web.listen-address :9113 || true
    sleep 1
  done
}

main() {
  local file
  for file in /etc/nginx/nginx.conf /etc/hypha/tls.crt /run/secrets/tls.key; do
    if [[ ! -r $file ]]; then
      printf 'edge: %s is missing or not readable by uid %s\n' "$file" "$(id -u)" >&2
      exit 1
    fi
  done
  if [[ ${FIGURES:-} == yes ]]; then
    requests &
    connections &
  fi
  exec nginx -e stderr -c /etc/nginx/nginx.conf -g 'daemon off;'
}

main "$@" </dev/null
