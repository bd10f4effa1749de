#!/usr/bin/env bash
# Node exporter for the host that is mounted at /host, seen from inside a container that is no part of it.
set -euo pipefail

readonly proc=/tmp/proc
readonly textfiles=/tmp/textfiles
readonly deployments=/host/var/lib/hypha/deployments/.figures

# Files with figures: what the host's scripts leave in directories of their own, the last deployments, and whether a
# reboot is due.
collect() {
  local directory due
  mkdir -p "$textfiles/reboot"
  while :; do
    for directory in /host/var/lib/hypha/metrics/*/; do
      [[ ! -d $directory ]] || ln -sfn "${directory%/}" "$textfiles/"
    done
    [[ ! -d $deployments ]] || ln -sfn "$deployments" "$textfiles/deployments"
    find "$textfiles" -xtype l -delete
    due=0
    [[ ! -e /host/run/reboot-required ]] || due=1
    printf '# HELP node_reboot_required Whether an upgrade waits for a reboot.\n# TYPE node_reboot_required gauge\nnode_reboot_required %s\n' \
      "$due" >"$textfiles/reboot/.new"
    mv "$textfiles/reboot/.new" "$textfiles/reboot/reboot.prom"
    sleep 60
  done
}

main() {
  local entry more=()
  mkdir -p "$proc"
  for entry in 1 cpuinfo diskstats loadavg meminfo pressure stat swaps sys uptime vmstat; do
    ln -sfn "/host/proc/$entry" "$proc/$entry"
  done
  # /proc/net is that of whoever reads it; the host's first process has the host's.
  ln -sfn /host/proc/1/net "$proc/net"
  collect &
  # Over D-Bus it asks the host's systemd which units have failed; hosts without systemd have none to ask.
  [[ ! -S /host/run/dbus/system_bus_socket ]] || more+=(--collector.systemd
    '--collector.systemd.unit-include=.+\.(service|timer)')
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/host/run/dbus/system_bus_socket
  exec node-exporter --web.listen-address=:9100 \
    --path.procfs="$proc" --path.sysfs=/host/sys --path.rootfs=/host --path.udev.data=/host/run/udev/data \
    --collector.disable-defaults --collector.cpu --collector.diskstats --collector.filefd --collector.filesystem \
    --collector.loadavg --collector.meminfo --collector.netdev --collector.netstat \
    --collector.os --collector.pressure --collector.sockstat --collector.stat --collector.time --collector.timex \
    --collector.textfile "--collector.textfile.directory=$textfiles/*" --collector.uname --collector.vmstat \
    --no-collector.netdev.netlink '--collector.netdev.device-exclude=^(lo|veth.*|br-.*|docker.*|vx-.*)$' \
    '--collector.diskstats.device-exclude=^(ram|loop|fd|sr)\d+$' \
    '--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|etc|snap|.*/(overlay2|containers|docker/netns))($|/)' \
    '--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|proc|pstore|ramfs|rpc_pipefs|securityfs|squashfs|sysfs|tmpfs|tracefs)$' \
    "${more[@]}"
}

main "$@" </dev/null
