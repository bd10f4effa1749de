#!/usr/bin/env bash
# Checks that what nginx.conf needs is mounted, then becomes Nginx.
set -euo pipefail

main() {
  local file
  for file in /etc/nginx/nginx.conf /etc/hypha/tls.crt /run/secrets/tls.key; do
    if [[ ! -r $file ]]; then
      printf 'edge: %s is missing or not readable by uid %s\n' "$file" "$(id -u)" >&2
      exit 1
    fi
  done
  exec nginx -e stderr -c /etc/nginx/nginx.conf -g 'daemon off;'
}

main "$@" </dev/null
