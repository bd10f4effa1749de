#!/usr/bin/env bash
# Healthy: the start page is the app's (or the sample's), not merely some page.
set -euo pipefail

exec 3<>/dev/tcp/127.0.0.1/8080
printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
reply=$(timeout 3 cat <&3 | tr -d '\r\0')
[[ $reply == "HTTP/1."?" 200 "* ]]
[[ $reply == *'<div id="root">'* || $reply == *'name="hypha-sample" content="frontend"'* ]]
