#!/usr/bin/env bash
# The engine of this machine: does it answer, is it new enough, are the ports free? Looks only, changes nothing;
# prints facts as JSON.

main() {
  [[ ${1:-up} == up ]] || return 0
  local version
  version=$(docker version --format '{{.Server.Version}}' 2>&1) ||
    fail "no Docker engine answers at ${DOCKER_HOST}: ${version##*$'\n'}" \
      "start it (make up does this on Debian and Ubuntu), or set hypha:hosts.${HOST_NAME}.socket"
  ((${version%%.*} >= 20)) || fail "Docker ${version} is too old" "install Docker 20.10 or newer"
  require_ports_free
  print_facts
}

info() { docker info --format "{{$1}}"; }

print_facts() {
  local name os kernel architecture cpus memory root
  name=$(info 'json .Name')
  os=$(info 'json .OperatingSystem')
  kernel=$(info 'json .KernelVersion')
  architecture=$(info 'json .Architecture')
  cpus=$(info .NCPU)
  memory=$(info .MemTotal)
  root=$(info .DockerRootDir)
  printf '{"hostname":%s,"os":%s,"kernel":%s,"architecture":%s,"cpus":%d,"memoryMiB":%d,' \
    "${name}" "${os}" "${kernel}" "${architecture}" "${cpus}" "$((memory / 1048576))"
  printf '"dataDirectory":%s,"diskMiB":%d,"diskFreeMiB":%d,"devices":%s,' \
    "$(json_string "${root}")" "$(disk_size_mib "${root}")" "$(disk_free_mib "${root}")" "$(block_devices)"
  printf '"virtualisation":"local","address":"127.0.0.1","addresses":%s,"detectedAt":%s,"warnings":[]}\n' \
    "$(global_addresses | json_strings)" "$(json_string "$(now_utc)")"
}

main "$@" </dev/null
