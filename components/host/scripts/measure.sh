# shellcheck shell=bash
# What a machine is made of: functions of the preflight scripts. They look only.

# A JSON list of the lines on standard input.
json_strings() {
  local line list=()
  while IFS= read -r line; do list+=("$(json_string "${line}")"); done
  (IFS=, && printf '[%s]' "${list[*]:-}")
}

now_utc() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# MiB of the file system that the directory $1 is or will be in.
disk_size_mib() {
  local dir=$1
  while [[ ! -d ${dir} ]]; do dir=$(dirname "${dir}"); done
  df -Pm "${dir}" | awk 'NR == 2 { print $2 }'
}

# Block devices as lsblk tells them, without RAM disks, loops and optical drives.
block_devices() {
  local json
  json=$(lsblk --json --bytes --nodeps --exclude 1,7,11 --output NAME,SIZE,ROTA,TYPE 2>/dev/null) || json=
  [[ -n ${json} ]] || json='{}'
  tr -d '\n' <<<"${json}"
}

# Addresses that reach beyond this machine, without those that a deployment makes (Docker's bridges, Hypha's own
# Mycelium interface) and those that come and go.
global_addresses() {
  { ip -o addr show scope global 2>/dev/null || true; } |
    awk '$2 !~ /^(docker|br-|veth|mycelium0$)/ && !/ (temporary|deprecated|tentative|dadfailed)/ { sub(/\/.*/, "", $4); print $4 }' |
    sort -u
}

# The first line of a file, or nothing.
line_of() { { head -n 1 "$1" 2>/dev/null || true; } | tr -d '\0'; }

# What tells where the machine runs, from its own files alone.
indicators() {
  local zinit=false
  [[ ! -d /etc/zinit && $(line_of /proc/1/comm) != zinit ]] || zinit=true
  printf '{"vendor":%s,"product":%s,"assetTag":%s,"cloudId":%s,"rootFileSystem":%s,"zinit":%s}' \
    "$(json_string "$(line_of /sys/class/dmi/id/sys_vendor)")" \
    "$(json_string "$(line_of /sys/class/dmi/id/product_name)")" \
    "$(json_string "$(line_of /sys/class/dmi/id/chassis_asset_tag)")" \
    "$(json_string "$(line_of /run/cloud-init/cloud-id)")" \
    "$(json_string "$(awk '$2 == "/" { type = $3 } END { print type }' /proc/mounts 2>/dev/null)")" "${zinit}"
}
