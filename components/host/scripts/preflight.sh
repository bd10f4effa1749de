#!/usr/bin/env bash
# First contact with a server: is it one that Hypha can run on? Looks only, changes nothing; prints facts as JSON.

main() {
  [[ ${1:-up} == up ]] || return 0
  [[ $(id -u) == 0 ]] || fail "$(id -un) is not root" "let hypha:hosts.${HOST_NAME}.user be root or have passwordless sudo"
  check_system
  check_sizes
  check_clock
  check_encryption
  require_ports_free
  print_facts
}

warnings=()
warn() {
  note "warning: $1"
  warnings+=("$(json_string "$1")")
}

check_system() {
  [[ -r /etc/os-release ]] || fail "has no /etc/os-release" "use Debian 12 or 13, or Ubuntu 22.04 or 24.04"
  # shellcheck source=/dev/null
  . /etc/os-release
  os="${ID:-unknown} ${VERSION_ID:-}"
  case ${os} in
    "debian 12" | "debian 13" | "ubuntu 22.04" | "ubuntu 24.04") ;;
    *) fail "runs ${os}, which is not supported" "use Debian 12 or 13, or Ubuntu 22.04 or 24.04" ;;
  esac
  architecture=$(uname -m)
  case ${architecture} in
    x86_64 | aarch64) ;;
    *) fail "is ${architecture}, which is not supported" "use an x86_64 or aarch64 server" ;;
  esac
  [[ -d /run/systemd/system ]] || fail "does not run systemd" "use a server that boots with systemd"
  if [[ ${ENGINE} == present ]] && ! docker info >/dev/null 2>&1; then
    fail "has no running Docker engine" "install one, or set hypha:hosts.${HOST_NAME}.docker to distribution"
  fi
}

check_sizes() {
  cpus=$(nproc)
  directory=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null) || directory=
  directory=${directory:-/var/lib/docker}
  # What the kernel keeps for itself does not count against a server: sizes are as sold, less a tenth.
  memory=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
  disk=$(disk_free_mib "${directory}")
  local key="hypha:hosts.${HOST_NAME}"
  ((cpus >= MINIMUM_CPUS)) || fail "has ${cpus} CPUs, at least ${MINIMUM_CPUS} are needed" "use a larger server, or lower ${key}.minimum.cpus"
  ((memory >= MINIMUM_MEMORY_MIB * 9 / 10)) || fail "has ${memory} MiB of memory, at least ${MINIMUM_MEMORY_MIB} are needed" "use a larger server, or lower ${key}.minimum.memoryMiB"
  ((disk >= MINIMUM_DISK_MIB)) || fail "has ${disk} MiB free for ${directory}, at least ${MINIMUM_DISK_MIB} are needed" "free or add disk space, or lower ${key}.minimum.diskGiB"
  ((cpus >= RECOMMENDED_CPUS)) || warn "${cpus} CPUs, ${RECOMMENDED_CPUS} are recommended"
  ((memory >= RECOMMENDED_MEMORY_MIB * 9 / 10)) || warn "${memory} MiB of memory, ${RECOMMENDED_MEMORY_MIB} are recommended"
  ((disk >= RECOMMENDED_DISK_MIB)) || warn "${disk} MiB of disk free, ${RECOMMENDED_DISK_MIB} are recommended"
}

# Certificates fail on a host whose clock is wrong. The package mirror's Date header is a clock every host can reach.
check_clock() {
  local mirror line skew
  # Either of the two may be missing; that is no failure.
  mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    sed -n 's|.*http://\([^/ ]*\)/.*|\1|p' | sed -n 1p)
  # shellcheck disable=SC2016 # the inner shell expands it
  line=$(timeout 10 bash -c "$(declare -f http_date)"'; http_date "$1"' _ "${mirror:-invalid}" 2>/dev/null) || line=
  if [[ -z ${line} ]]; then
    warn "the clock could not be compared: no package mirror answered by HTTP"
    return 0
  fi
  skew=$(($(date +%s) - $(date -d "${line}" +%s)))
  ((${skew#-} <= 300)) || fail "clock is ${skew} s off" "set it, for example with: timedatectl set-ntp true"
}

http_date() {
  exec 3<>"/dev/tcp/$1/80"
  printf 'HEAD / HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3
  sed -n 's/^[Dd]ate: \(.*\)\r$/\1/p' <&3
}

# What services say to each other between hosts is encrypted by the kernel.
check_encryption() {
  local missing=()
  [[ -n ${ENCRYPTED:-} ]] || return 0
  if ! command -v modprobe >/dev/null; then
    warn "nobody knows whether its kernel can encrypt what services say between hosts: there is no modprobe"
    return
  fi
  modprobe --dry-run --quiet esp4 || missing+=(esp4)
  # Engine 23 and later tell the network's packets by xt_bpf, older ones by xt_u32.
  modprobe --dry-run --quiet xt_bpf || modprobe --dry-run --quiet xt_u32 || missing+=(xt_bpf)
  if ((${#missing[@]} > 0)); then
    fail "has a kernel without ${missing[*]}, which encrypts what services say between hosts" \
      "boot the distribution's own kernel, give the hosts a privateAddress, or set hypha:cluster.encrypted to false"
  fi
}

# The address that packets to $1 leave from; nothing where there is no route.
source_address() { { ip -o route get "$1" 2>/dev/null || true; } | sed -n 's/.* src \([^ ]*\).*/\1/p'; }

print_facts() {
  local address virtualisation
  address=$(source_address 192.0.2.1)
  [[ -n ${address} ]] || address=$(source_address 2001:db8::1)
  virtualisation=$(systemd-detect-virt 2>/dev/null) || virtualisation=${virtualisation:-none}
  printf '{"hostname":%s,"os":%s,"kernel":%s,"architecture":%s,"cpus":%d,"memoryMiB":%d,' \
    "$(json_string "$(hostname)")" "$(json_string "${os}")" "$(json_string "$(uname -r)")" \
    "$(json_string "${architecture}")" "${cpus}" "${memory}"
  printf '"dataDirectory":%s,"diskMiB":%d,"diskFreeMiB":%d,"devices":%s,' \
    "$(json_string "${directory}")" "$(disk_size_mib "${directory}")" "${disk}" "$(block_devices)"
  printf '"virtualisation":%s,"address":%s,"addresses":%s,"indicators":%s,"detectedAt":%s,"warnings":[%s]}\n' \
    "$(json_string "${virtualisation}")" "$(json_string "${address}")" "$(global_addresses | json_strings)" \
    "$(indicators)" \
    "$(json_string "$(now_utc)")" "$(IFS=, && echo "${warnings[*]:-}")"
}

main "$@" </dev/null
