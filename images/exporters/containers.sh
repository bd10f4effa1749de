#!/usr/bin/env bash
# What each container of this node uses, under cAdvisor's names: from the kernel's control groups at /host/cgroup and
# the engine's own files at /host/containers. Every $SECONDS_BETWEEN seconds; node exporter hands it out on 9104.
set -euo pipefail

readonly engine=/host/containers
readonly groups=/host/cgroup
# shellcheck source=images/exporters/loop.sh
. /usr/local/lib/hypha/loop.sh

declare -A series started

# One sample: $1 the metric, $2 its labels, $3 the value.
sample() { series[$1]+="$1{$2} $3"$'\n'; }

# Reads the file $1 into `text`, without a process of its own.
text=''
slurp() { { IFS= read -r -d '' text <"$1"; } 2>/dev/null || [[ -n $text ]]; }

# The value of the key $1 in `text`, lines of keys and values, into `value`.
value=''
field() {
  [[ $'\n'$text =~ $'\n'"$1 "([0-9]+) ]] || return 1
  value=${BASH_REMATCH[1]}
}

# The control group of the container $1 below $2, into `group`.
group=''
find_group() {
  for group in "$2/system.slice/docker-$1.scope" "$2/docker/$1"; do
    [[ ! -d $group ]] || return 0
  done
  group=$(find "$2" -maxdepth 7 -type d \( -name "$1" -o -name "docker-$1.scope" \) -print -quit 2>/dev/null)
  [[ -n $group ]]
}

# $1 a whole number of parts, $2 how many digits a second has of them; into `value`.
seconds() {
  local padded
  printf -v padded "%0$(($2 + 1))d" "$1"
  value=${padded:0:-$2}.${padded: -$2}
}

unified() {
  local labels=$1 used
  slurp "$group/cpu.stat" && {
    field usage_usec && seconds "$value" 6 && sample container_cpu_usage_seconds_total "$labels" "$value"
    field nr_periods && sample container_cpu_cfs_periods_total "$labels" "$value"
    field nr_throttled && sample container_cpu_cfs_throttled_periods_total "$labels" "$value"
  }
  slurp "$group/memory.current" || return 0
  used=${text//[!0-9]/}
  sample container_memory_usage_bytes "$labels" "$used"
  slurp "$group/memory.stat" && field inactive_file &&
    sample container_memory_working_set_bytes "$labels" "$((used > value ? used - value : 0))"
  slurp "$group/memory.max" && sample container_spec_memory_limit_bytes "$labels" "$(limit)"
  slurp "$group/memory.events" && field oom_kill && sample container_oom_events_total "$labels" "$value"
}

# A limit that nothing reaches is none: 0, as cAdvisor has it.
limit() {
  local number=${text//[!0-9]/}
  if [[ -z $number || ${#number} -gt 16 ]]; then echo 0; else echo "$number"; fi
}

split() {
  local labels=$1 id=$2 used
  find_group "$id" "$groups/cpu,cpuacct" || find_group "$id" "$groups/cpuacct" || group=''
  [[ -z $group ]] || {
    slurp "$group/cpuacct.usage" && seconds "${text//[!0-9]/}" 9 &&
      sample container_cpu_usage_seconds_total "$labels" "$value"
    slurp "$group/cpu.stat" && {
      field nr_periods && sample container_cpu_cfs_periods_total "$labels" "$value"
      field nr_throttled && sample container_cpu_cfs_throttled_periods_total "$labels" "$value"
    }
  }
  find_group "$id" "$groups/memory" || return 0
  slurp "$group/memory.usage_in_bytes" || return 0
  used=${text//[!0-9]/}
  sample container_memory_usage_bytes "$labels" "$used"
  slurp "$group/memory.stat" && field total_inactive_file &&
    sample container_memory_working_set_bytes "$labels" "$((used > value ? used - value : 0))"
  slurp "$group/memory.limit_in_bytes" && sample container_spec_memory_limit_bytes "$labels" "$(limit)"
  slurp "$group/memory.oom_control" && field oom_kill && sample container_oom_events_total "$labels" "$value"
}

container() {
  local id=$1 json name service='' labels at
  slurp "$engine/$id/config.v2.json" || return 0
  json=$text
  [[ $json =~ \"Name\":\"/([A-Za-z0-9_.-]+)\" ]] || return 0
  name=${BASH_REMATCH[1]}
  [[ ! $json =~ \"com\.docker\.swarm\.service\.name\":\"([A-Za-z0-9_.-]+)\" ]] || service=${BASH_REMATCH[1]}
  labels="name=\"$name\",container_label_com_docker_swarm_service_name=\"$service\""
  if [[ $json != *'"Running":true'* ]]; then
    # It stays for a while after its end, and with it why it ended.
    [[ $json != *'"OOMKilled":true'* ]] || sample container_oom_events_total "$labels" 1
    return 0
  fi
  at=${json#*\"StartedAt\":\"}
  at=${at%%\"*}
  [[ -n ${started["$id $at"]:-} ]] || started["$id $at"]=$(date -d "$at" +%s)
  sample container_start_time_seconds "$labels" "${started["$id $at"]}"
  sample container_last_seen "$labels" "$EPOCHSECONDS"
  if [[ -e $groups/cgroup.controllers ]]; then
    ! find_group "$id" "$groups" || unified "$labels"
  else
    split "$labels" "$id"
  fi
}

collect() {
  local path metric kind all=''
  series=()
  for path in "$engine"/*/; do
    path=${path%/}
    container "${path##*/}" || true
  done
  for metric in "${!series[@]}"; do
    kind=gauge
    [[ $metric != *_total ]] || kind=counter
    all+="# TYPE $metric $kind"$'\n'${series[$metric]}
  done
  printf '%s' "$all" >"$directory/containers.tmp"
  mv "$directory/containers.tmp" "$directory/containers.prom"
}

main() {
  [[ -d $engine && -d $groups ]] || {
    echo "containers: $engine and $groups must be the engine's containers and the control groups" >&2
    exit 1
  }
  serve 9104
}

main "$@" </dev/null
