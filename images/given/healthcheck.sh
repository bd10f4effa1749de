#!/usr/bin/env bash
# Healthy: port $HEALTH_PORT answers a GET of $HEALTH_PATH with 200 and a text that holds $HEALTH_TEXT.
set -euo pipefail

reply=$(
  exec 3<>"/dev/tcp/127.0.0.1/$HEALTH_PORT"
  printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$HEALTH_PATH" >&3
  timeout 4 cat <&3
)
[[ $reply == HTTP/1.[01]\ 200\ * && $reply == *"$HEALTH_TEXT"* ]]
