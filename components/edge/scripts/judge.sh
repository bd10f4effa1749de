# shellcheck shell=bash
# Sent before rollout.sh: how a set does, by questions through the edge and by what the edge's log says of others' requests.

# Fewer requests than these tell nothing of a rate.
ENOUGH=10

# The edge's container; the time from which its log is still to be read; the last answer to `ask`.
container='' since=0 answer=''

# ask: puts the probe's question to the site in the edge's container, whose own address is always sent to the new set.
# `answer` is what came back.
ask() {
  # shellcheck disable=SC2016 # the container's shell expands it
  answer=$(docker exec "${container}" bash -c '
    printf "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: hypha\r\n\r\n" "$1" "$2" |
      timeout 5 openssl s_client -quiet -connect 127.0.0.1:8443 -servername "$2" 2>/dev/null' \
    ask "${PROBE_PATH}" "${SITE}" 2>&1 | tr -d '\r\0') || true
  [[ ${answer} == 'HTTP/1.'?' 200 '* ]] && grep -qE -- "${PROBE_CONTENT}" <<<"${answer#*$'\n\n'}"
}

# told: the first line of the answer, and how its body begins.
told() {
  local body=${answer#*$'\n\n'}
  if [[ -z ${answer} ]]; then
    echo 'nothing'
  else
    printf '%s, %s' "${answer%%$'\n'*}" "$(tr -d '[:cntrl:]' <<<"${body:0:200}")"
  fi
}

from_now() { since=$(date +%s); }

# requests WHOSE: what the edge's log has of the new set from `since` to a second ago, in which nothing is missing any
# more: status, seconds and request of each, without the query. Its own, or others'.
requests() {
  local until
  until=$(($(date +%s) - 1))
  ((until > since)) || return 0
  docker logs --since "${since}" --until "${until}" "${container}" 2>/dev/null |
    awk -F'"' -v set="${SET}" -v whose="$1" '
      { fields = split($NF, field, " "); own = ($1 == "127.0.0.1 ") }
      NF > 2 && field[fields - 1] == set && own == (whose == "own") {
        sub(/\?[^ ]*/, "?...", $2)
        print field[1], field[3], $2
      }'
  since=${until}
}

# verdict FILE: what is wrong with the requests in it, as `requests` prints them; nothing where they are fine. What became
# another protocol (101) lasts as long as it lasts.
verdict() {
  sort -n -k 2,2 "$1" | awk -v enough="${ENOUGH}" -v percent="${MAX_ERROR_PERCENT}" -v limit="${MAX_MILLISECONDS}" '
    { all++ }
    $1 >= 500 { bad++ }
    $1 != 101 { took[++timed] = $2 * 1000 }
    END {
      if (all < enough) exit
      p95 = took[int(timed * 0.95 + 0.999999)]
      if (bad * 100 > percent * all)
        printf "%d of %d requests ended with 500 or above, and %s %% may", bad, all, percent
      else if (p95 > limit)
        printf "95 %% of %d requests took up to %d ms, and %d ms is the limit", timed, p95, limit
    }'
}
