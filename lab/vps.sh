#!/usr/bin/env bash
# Lab servers: containers that boot systemd, sshd and, when asked or installed, their own Docker engine.
#
# Usage: lab/vps.sh up [N…]        start server N (1 to 99; default 1) at 10.77.0.1N and wait until it is ready
#        lab/vps.sh down [N…]      remove servers N and their data; without N all of them and the network
#        lab/vps.sh list           one line per server: N, address, image, state
#        lab/vps.sh key            path of the private key root accepts (made once)
#        lab/vps.sh hostkey N      the server's ed25519 host public key
#        lab/vps.sh wait N…        wait until the servers are ready
#        lab/vps.sh exec N CMD…    run a command in the server, without SSH
#        lab/vps.sh load N IMAGE   give its engine an image of the local one
#        lab/vps.sh unplug N       take the server off the network; plug N: put it back
#        lab/vps.sh restart N      as if its power failed and came back
#
# OS=bookworm|trixie             Debian 12 (default) or 13
# ENGINE=none|preinstalled       a bare server (default), or Docker already installed and running
# DISK=3g                        size of the engine's disk, which is then in memory: gone when the server is stopped
# LAB_WAIT=120                   seconds a server may take to be ready
#
# lab/vm.sh does the same with virtual machines.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ops/lib/common.sh
. lab/lib.sh

# What an inner systemd and engine need. A plain --privileged asks for more than some machines may give.
CAPABILITIES=(SYS_ADMIN NET_ADMIN NET_RAW SYS_PTRACE SYS_NICE SYS_BOOT SYS_TIME IPC_LOCK
  DAC_READ_SEARCH LEASE LINUX_IMMUTABLE SYSLOG AUDIT_CONTROL AUDIT_READ MKNOD SYS_CHROOT SETFCAP)

image_name() { printf 'hypha/lab-%s-%s:%s' "$OS" "$ENGINE" "$(hash_of lab/boot)"; }

make_image() { build_image "$(image_name)" container; }

state() { docker inspect --format '{{.State.Status}}' "vps$1" 2>/dev/null || true; }
label() { docker inspect --format "{{index .Config.Labels \"hypha.lab.$2\"}}" "vps$1"; }
boot_log() { docker logs --tail 20 "vps$1"; }
run_in() {
  local n=$1
  shift
  docker exec -i "vps$n" "$@"
}
load() { docker save "$2" | docker exec -i "vps$1" docker load >/dev/null; }
unplug() { docker network disconnect "$NETWORK" "vps$1"; }
plug() { docker network connect --ip "$(address "$1")" "$NETWORK" "vps$1"; }
restart() { docker restart "vps$1" >/dev/null; }

create() {
  local n=$1 capability args=() disk=()
  for capability in "${CAPABILITIES[@]}"; do args+=(--cap-add "$capability"); done
  # systemd 256 and later boots on cgroup v1 only when told so.
  args+=(-e SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1)
  args+=(-e "LAB_DNS=$(resolvers | paste -sd ' ')")
  [ ! -c /dev/net/tun ] || args+=(--device /dev/net/tun)
  [ -z "${DISK:-}" ] || disk=(--opt type=tmpfs --opt device=tmpfs --opt "o=size=$DISK")
  docker volume create --label "$LABEL" "${disk[@]}" "vps$n-docker" >/dev/null
  docker create --name "vps$n" --hostname "vps$n" --label "$LABEL" \
    --label "hypha.lab.os=$OS" --label "hypha.lab.engine=$ENGINE" "${args[@]}" \
    --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    --security-opt systempaths=unconfined --cgroupns private \
    --network "$NETWORK" --ip "$(address "$n")" -v "vps$n-docker:/var/lib/docker" \
    --tmpfs /run:exec --tmpfs /run/lock --tmpfs /tmp:exec "$(image_name)" >/dev/null
}

# Root's key goes in on every `up`, so that a server started from another checkout opens too.
authorize() {
  tar -c --numeric-owner --owner=0 --group=0 --mode=0600 --transform 's/.*/authorized_keys/' \
    -C "$(dirname "$KEY")" "$(basename "$KEY").pub" | docker cp - "vps$1:/root/.ssh"
}

up_one() {
  local n=$1
  if [ "$(state "$n")" = running ]; then
    [ "$(label "$n" os) $(label "$n" engine)" = "$OS $ENGINE" ] ||
      die "vps$n runs with OS=$(label "$n" os) ENGINE=$(label "$n" engine). For another kind: lab/vps.sh down $n"
  else
    remove "$n"
    create "$n"
  fi
  authorize "$n"
  docker start "vps$n" >/dev/null
}

# Only what carries the lab's label is ever removed.
remove() {
  local id
  id=$(docker ps -aq --filter "label=$LABEL" --filter "name=^/vps$1\$")
  [ -z "$id" ] || docker rm -fv "$id" >/dev/null
  id=$(docker volume ls -q --filter "label=$LABEL" --filter "name=^vps$1-docker\$")
  [ -z "$id" ] || docker volume rm "$id" >/dev/null
}

numbers() {
  {
    docker ps -a --filter "label=$LABEL" --format '{{.Names}}'
    docker volume ls --filter "label=$LABEL" --format '{{.Name}}'
  } | sed -n 's/^vps\([0-9]*\)\(-docker\)\?$/\1/p'
}

list_one() {
  docker ps -a --filter "label=$LABEL" --filter "name=^/vps$1\$" --format '{{.Image}}\t{{.Status}}' |
    while IFS=$'\t' read -r image status; do
      printf '%s\t%s\t%s\t%s\n' "$1" "$(address "$1")" "$image" "$status"
    done
}

main "$@"
