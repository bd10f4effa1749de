#!/usr/bin/env bash
# Moves a workload's requests to its new set, on one edge: by a file that Nginx includes, which names the set. Nobody is
# sent to the new set before it answered through the edge; whatever is wrong after that, or cuts this off, gives the
# requests back to the set before and fails.

FILE=${DIRECTORY}/${WORKLOAD}.conf
# Seconds that a set has to answer through the edge, three times in a row, before it is given requests.
PATIENCE=15

main() {
  case ${1:-up} in
    up) up ;;
    check) facts ;;
    down) down ;;
  esac
}

facts() {
  local owner
  owner=$(id -un):$(id -gn)
  directory_fact "${DIRECTORY}" 755 "${owner}"
  file_fact "${FILE}" "$(routes "${SET}" 100 "${SET}")" 644 "${owner}"
}

# routes CONFIRMED PERCENT NEW: the file's text. Requests of PERCENT of the clients go to the new set, the others to the
# confirmed one; a client is an address and a program, so that a page and what it loads are of one version.
routes() {
  local target="\$${VARIABLE}" share="\$share_${VARIABLE}"
  printf '# Made by Hypha: changes here are lost.\n# confirmed %s\n' "$1"
  case $2 in
    0) printf "map \$remote_addr %s {\n  127.0.0.1 %s;\n  default %s;\n}\n" "${target}" "$3" "$1" ;;
    100) printf "map \$remote_addr %s {\n  default %s;\n}\n" "${target}" "$3" ;;
    *)
      printf "split_clients \$remote_addr\$http_user_agent %s {\n  %s%% %s;\n  * %s;\n}\n" "${share}" "$2" "$3" "$1"
      printf "map \$remote_addr %s {\n  127.0.0.1 %s;\n  default %s;\n}\n" "${target}" "$3" "${share}"
      ;;
  esac
}

up() {
  local old there=0
  install -d -m 0755 "${DIRECTORY}"
  old=$(sed -n 's/^# confirmed //p' "${FILE}" 2>/dev/null || true)
  find_container
  if [[ -n ${old} && ${old} != "${SET}" && -n ${container} ]]; then
    docker exec "${container}" getent hosts "${old%:*}" >/dev/null || there=$?
    case ${there} in
      0) release ;;
      2) note "${old%:*} is gone: all requests of ${WORKLOAD} go to ${SET%:*} at once" ;;
      *) fail "the edge's container cannot be asked for ${old%:*}" "see the message above, and make logs SERVICE=edge" ;;
    esac
  fi
  place "$(routes "${SET}" 100 "${SET}")"
}

# find_container: the edge's on this host, if it reads the files; none before its first start.
find_container() {
  container=$(docker ps --quiet --filter "label=com.docker.swarm.service.name=${EDGE}" --filter "volume=${DIRECTORY}" | head -n 1)
}

# place TEXT: makes it the file, and after a test what Nginx does.
place() {
  local before said
  exec 9<"${DIRECTORY}"
  flock 9
  before=$(cat "${FILE}" 2>/dev/null || true)
  put "$1"
  if [[ -n ${container} && $(rules "$1") != "$(rules "${before}")" ]]; then
    if ! said=$(docker exec "${container}" nginx -t -e stderr -c /etc/nginx/nginx.conf 2>&1); then
      put "${before}"
      fail "the edge refuses what says where requests of ${WORKLOAD} go: ${said}" "see the message above"
    fi
    docker kill --signal HUP "${container}" >/dev/null
  fi
  exec 9<&-
}

put() {
  if [[ -z $1 ]]; then
    rm -f "${FILE}"
  else
    printf '%s\n' "$1" | install -m 0644 /dev/stdin "${FILE}.new"
    mv "${FILE}.new" "${FILE}"
  fi
}

# rules TEXT: without what Nginx does not read.
rules() { grep -v '^#' <<<"$1" || true; }

release() {
  samples=$(mktemp -d)
  trap cut_off EXIT
  stage='before it was given requests'
  from_now
  place "$(routes "${old}" 0 "${SET}")"
  wait_for "${PATIENCE}" in_a_row 3 ask || refuse "${PROBE_PATH} is answered with $(told)"
  wait_for 10 serves || refuse "the edge does not send requests to it, though its configuration says so"
  if ((CANARY_PERCENT > 0)); then
    place "$(routes "${old}" "${CANARY_PERCENT}" "${SET}")"
    observe "${CANARY_SECONDS}" "with ${CANARY_PERCENT} % of the clients"
  fi
  place "$(routes "${old}" 100 "${SET}")"
  observe "${CONFIRM_SECONDS}" 'with all requests'
  trap - EXIT
  rm -r "${samples}"
}

in_a_row() {
  local n=$1
  shift
  while ((n-- > 0)); do "$@" || return 1; done
}

serves() { [[ -n $(requests own) ]]; }

# observe SECONDS STAGE: what is wrong in that time is the end of it.
observe() {
  local begin=${SECONDS} missed=0 wrong
  stage=$2
  note "${WORKLOAD}: ${SET%:*} ${stage}, for $1 s"
  from_now
  : >"${samples}/requests"
  while ((SECONDS - begin < $1)); do
    sleep 1
    if ask; then missed=0; else missed=$((missed + 1)); fi
    ((missed < 2)) || refuse "${PROBE_PATH} is answered with $(told), twice in a row"
    requests others >>"${samples}/requests"
    wrong=$(verdict "${samples}/requests")
    [[ -z ${wrong} ]] || refuse "${wrong}" "$(awk '$1 >= 500' "${samples}/requests" | tail -n 5)"
  done
  note "${WORKLOAD}: $(wc -l <"${samples}/requests") requests, nothing wrong"
}

# refuse WHAT [REQUESTS]
refuse() {
  trap - EXIT
  give_back
  [[ -z ${2:-} ]] || note "its last bad answers (status, seconds, request):"$'\n'"$2"
  fail "${WORKLOAD}: the new set ${SET%:*} was refused ${stage}: $1; all requests are with ${old%:*} again" \
    "look at its log (make logs SERVICE=${SET%:*}) and deploy what is right: a refused set goes when the next is confirmed"
}

cut_off() {
  note "${WORKLOAD}: cut off ${stage}; all requests are with ${old%:*} again"
  give_back
}

give_back() {
  rm -r "${samples}"
  find_container
  place "$(routes "${old}" 100 "${old}")"
}

down() {
  rm -f "${FILE}"
  if [[ -d ${DIRECTORY} ]]; then rmdir --ignore-fail-on-non-empty "${DIRECTORY}" "$(dirname "${DIRECTORY}")"; fi
}

main "$@" </dev/null
