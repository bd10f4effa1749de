#!/usr/bin/env bash
# Lab servers as virtual machines, with a kernel of their own: for what a container cannot have (audit, IPsec, kernel
# modules, a boot). On the same network as those of lab/vps.sh, and by the same verbs. Wants root, and
# /dev/kvm or patience.
#
# Usage: lab/vm.sh up [N…]        start machine N (1 to 99; default 1) at 10.77.0.1N and wait until it is ready
#        lab/vm.sh down [N…]      remove machines N and their disks; without N all of them
#        lab/vm.sh list           one line per machine: N, address, image, state
#        lab/vm.sh key            path of the private key root accepts (made once)
#        lab/vm.sh hostkey N      the machine's ed25519 host public key
#        lab/vm.sh wait N…        wait until the machines are ready
#        lab/vm.sh exec N CMD…    run a command in the machine, without SSH
#        lab/vm.sh load N IMAGE   give its engine an image of the local one
#        lab/vm.sh unplug N       pull the machine's network cable; plug N: put it back
#        lab/vm.sh restart N      its power fails and comes back
#
# OS=bookworm|trixie             Debian 12 (default) or 13
# ENGINE=none|preinstalled       a bare machine (default), or Docker already installed and running
# CPUS=2 MEMORY=2048 DISK=20G    what a machine has; memory in MiB
# ACCEL=kvm|tcg                  how QEMU runs it: by /dev/kvm (default), or by emulation, ten times slower
# LAB_WAIT=120                   seconds a machine may take to be ready
# HYPHA_CACHE                    where disks are kept that were made before (default: ~/.cache/hypha)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ops/lib/common.sh
. lab/lib.sh

CPUS=${CPUS:-2}
MEMORY=${MEMORY:-2048}
DISK=${DISK:-20G}
ACCEL=${ACCEL:-kvm}
DISKS=${HYPHA_CACHE:-$HOME/.cache/hypha}/vm
MACHINES=${TMPDIR:-/tmp}/hypha-lab-vm

image_name() { printf 'hypha/lab-vm-%s-%s:%s' "$OS" "$ENGINE" "$(hash_of lab/vm/boot)"; }
disk_of() { printf '%s/%s' "$DISKS" "$(basename "$(image_name)" | tr ':' '-')"; }
place() { printf '%s/%s' "$MACHINES" "$1"; }

need_tools() {
  [ "$(id -u)" = 0 ] || die "Virtual machines of the lab want root, for their place on the lab's network."
  case $ACCEL in
    kvm) [ -w /dev/kvm ] || die "There is no /dev/kvm here: use servers in containers (lab/vps.sh), or ACCEL=tcg." ;;
    tcg) ;;
    *) die "ACCEL=$ACCEL is unknown: give kvm or tcg." ;;
  esac
  local missing=()
  have qemu-system-x86_64 || missing+=(qemu-system-x86)
  have qemu-img || missing+=(qemu-utils)
  [ ${#missing[@]} -gt 0 ] || return 0
  is_debian_like || die "Install ${missing[*]} and run again."
  say "installing ${missing[*]}"
  apt_install "${missing[@]}" || die "Could not install ${missing[*]}: see the lines above."
}

# A disk with the image's files, and its kernel beside it. What is made under another name first is never half there.
make_image() {
  local image disk root container
  image=$(image_name)
  disk=$(disk_of)
  [ ! -d "$disk" ] || return 0
  build_image "$image" vm
  mkdir -p "$DISKS"
  root=$(mktemp -d "$DISKS/.root.XXXXXX")
  # shellcheck disable=SC2064  # now is when it is known
  trap "rm -rf '$root'" EXIT
  mkdir "$root/files" "$root/disk"
  container=$(docker create "$image")
  docker export "$container" | tar -x --numeric-owner -C "$root/files"
  docker rm "$container" >/dev/null
  rm -f "$root/files/.dockerenv"
  resolvers | sed 's/^/nameserver /' >"$root/files/etc/resolv.conf"
  printf '/dev/vda / ext4 errors=remount-ro 0 1\n' >"$root/files/etc/fstab"
  cp "$root"/files/boot/vmlinuz-* "$root/disk/vmlinuz"
  cp "$root"/files/boot/initrd.img-* "$root/disk/initrd"
  mke2fs -q -t ext4 -L root -d "$root/files" "$root/disk/root.img" 4G
  mv -T "$root/disk" "$disk"
}

pid_of() { cat "$(place "$1")/pid" 2>/dev/null; }

# Only a process that has this machine's files open is it.
state() {
  local pid
  pid=$(pid_of "$1") || return 0
  if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$(place "$1")/"; then echo running; else echo exited; fi
}

boot_log() { tail -n 20 "$(place "$1")/console"; }

run_in() {
  local n=$1
  shift
  # The agent hears one at a time.
  flock "$(place "$n")/agent.lock" python3 -I lab/vm/guest.py "$(place "$n")/agent" "$@"
}

# tell N WORDS…: to QEMU's monitor.
tell() {
  local n=$1
  shift
  printf '%s\n' "$*" | python3 -Ic 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1])
def prompt():
    got = b""
    while not got.endswith(b"(qemu) "): got += s.recv(4096)
prompt(); s.sendall(sys.stdin.buffer.read()); prompt()' "$(place "$n")/monitor"
}

# Over the network, which is quicker than the agent.
load() {
  docker save "$2" | ssh -i "$KEY" -F none -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile=/dev/null \
    -o StrictHostKeyChecking=no -o LogLevel=ERROR "root@$(address "$1")" docker load >/dev/null
}
unplug() { tell "$1" set_link net0 off; }
plug() { tell "$1" set_link net0 on; }

boot_id() { run_in "$1" cat /proc/sys/kernel/random/boot_id </dev/null 2>/dev/null; }
boots_anew() {
  local now
  now=$(boot_id "$1") && [ "$now" != "$2" ]
}
restart() {
  local before
  before=$(boot_id "$1")
  tell "$1" system_reset
  until_true "$LAB_WAIT" boots_anew "$1" "$before" || die "vps$1 did not boot again in ${LAB_WAIT}s."
}

# Docker's rules for its network let what comes from a bridge's own ports pass to each other and out.
cable() {
  local tap=vps$1-tap
  ip link show "$tap" >/dev/null 2>&1 || ip tuntap add "$tap" mode tap
  ip link set "$tap" master "$(bridge)" up
}

create() {
  local n=$1 place disk hex cpu=host
  [ "$ACCEL" = kvm ] || cpu=max
  place=$(place "$n")
  disk=$(disk_of)
  hex=$(printf '%02x' "$n")
  mkdir -p "$place"
  printf '%s %s\n' "$OS" "$ENGINE" >"$place/kind"
  qemu-img create -q -f qcow2 -F raw -b "$disk/root.img" "$place/disk.qcow2" "$DISK"
  cable "$n"
  qemu-system-x86_64 -name "vps$n" -accel "$ACCEL" -cpu "$cpu" -machine q35 -smp "$CPUS" -m "$MEMORY" \
    -kernel "$disk/vmlinuz" -initrd "$disk/initrd" \
    -append "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet systemd.hostname=vps$n ip=$(address "$n")::10.77.0.1:255.255.255.0::eth0:none" \
    -drive "file=$place/disk.qcow2,if=virtio,discard=unmap" \
    -netdev "tap,id=net0,ifname=vps$n-tap,script=no,downscript=no" \
    -device "virtio-net-pci,netdev=net0,mac=02:77:00:00:01:$hex" \
    -device virtio-serial -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0 \
    -chardev "socket,id=agent,path=$place/agent,server=on,wait=off" \
    -monitor "unix:$place/monitor,server=on,wait=off" -device virtio-rng-pci \
    -serial "file:$place/console" -display none -vga none -pidfile "$place/pid" -daemonize
}

agent_answers() { run_in "$1" /bin/true </dev/null >/dev/null 2>&1; }

# The disk grows to its size, its own name means itself, as Debian's installer has it, and root's key goes in on every `up`.
settle() {
  printf '127.0.0.1 localhost\n127.0.1.1 vps%s\n' "$1" | run_in "$1" tee /etc/hosts >/dev/null
  run_in "$1" bash -c 'resize2fs /dev/vda 2>/dev/null
    install -d -m 0700 /root/.ssh && cat >/root/.ssh/authorized_keys && chmod 0600 /root/.ssh/authorized_keys' <"$KEY.pub"
}

up_one() {
  local n=$1 kind
  if [ "$(state "$n")" = running ]; then
    kind=$(cat "$(place "$n")/kind")
    [ "$kind" = "$OS $ENGINE" ] || die "vps$n runs as '$kind'. For another kind: lab/vm.sh down $n"
  else
    remove "$n"
    create "$n"
    until_true "$LAB_WAIT" agent_answers "$n" || {
      boot_log "$n" >&2
      die "vps$n did not boot in ${LAB_WAIT}s: the last lines of its console are above."
    }
  fi
  settle "$n"
}

gone() { [ ! -e "/proc/$1" ]; }

remove() {
  local pid
  if [ "$(state "$1")" = running ]; then
    pid=$(pid_of "$1")
    kill "$pid"
    until_true 10 gone "$pid" || kill -9 "$pid"
  fi
  ip link delete "vps$1-tap" 2>/dev/null || true
  rm -rf "${MACHINES:?}/$1"
}

numbers() { ls "$MACHINES" 2>/dev/null || true; }

list_one() {
  printf '%s\t%s\t%s\t%s\n' "$1" "$(address "$1")" "$(cat "$(place "$1")/kind")" "$(state "$1")"
}

[[ ${1:-} != up ]] || need_tools
main "$@"
