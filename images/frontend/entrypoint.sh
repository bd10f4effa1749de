#!/usr/bin/env bash
set -euo pipefail

exec nginx -e stderr -c /etc/hypha/nginx.conf -g 'daemon off;' </dev/null
