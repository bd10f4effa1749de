#!/usr/bin/env bash
# Healthy: the admin account is there, and /health answers "OK".
set -euo pipefail

[[ -e /tmp/admin-made ]]
exec 3<>/dev/tcp/127.0.0.1/8008
printf 'GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
reply=$(timeout 3 cat <&3 | tr -d '\r')
[[ $reply == "HTTP/1."?" 200 "* && ${reply##*$'\n\n'} == OK ]]
