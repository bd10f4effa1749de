#!/usr/bin/env bash
# Healthy: the HTTPS port ends a TLS handshake and answers /healthz with "ok".
set -euo pipefail

reply=$(printf 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' |
  timeout 3 openssl s_client -quiet -connect 127.0.0.1:8443 2>/dev/null | tr -d '\r')
[[ $reply == "HTTP/1.1 200 "* && ${reply##*$'\n\n'} == ok ]]
