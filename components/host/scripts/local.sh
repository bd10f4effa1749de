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
  printf '{"hostname":%s,"os":%s,"kernel":%s,"architecture":%s,"cpus":%d,"memoryMiB":%d,"diskFreeMiB":%d,"virtualisation":"local","address":"127.0.0.1","warnings":[]}\n' \
    "$(info 'json .Name')" "$(info 'json .OperatingSystem')" "$(info 'json .KernelVersion')" \
    "$(info 'json .Architecture')" "$(info .NCPU)" "$(($(info .MemTotal) / 1048576))" \
    "$(disk_free_mib "$(info .DockerRootDir)")"
}

main "$@" </dev/null
