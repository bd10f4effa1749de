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
#
# OS=bookworm|trixie             Debian 12 (default) or 13
# ENGINE=none|preinstalled       a bare server (default), or Docker already installed and running
# DISK=3g                        size of the engine's disk, which is then in memory: gone when the server is stopped
# LAB_WAIT=120                   seconds a server may take to be ready
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ops/lib/common.sh

NETWORK=lab
SUBNET=10.77.0.0/24
LABEL=hypha.lab=1
STORE=build/lab
KEY=$PWD/$STORE/id_ed25519
OS=${OS:-bookworm}
ENGINE=${ENGINE:-none}
LAB_WAIT=${LAB_WAIT:-120}
export DOCKER_BUILDKIT=0

# What an inner systemd and engine need. A plain --privileged asks for more than some machines may give.
CAPABILITIES=(SYS_ADMIN NET_ADMIN NET_RAW SYS_PTRACE SYS_NICE SYS_BOOT SYS_TIME IPC_LOCK
  DAC_READ_SEARCH LEASE LINUX_IMMUTABLE SYSLOG AUDIT_CONTROL AUDIT_READ MKNOD SYS_CHROOT SETFCAP)

address() { printf '10.77.0.1%s' "$1"; }

check_number() {
  [[ $1 =~ ^[1-9][0-9]?$ ]] || die "'$1' is not a server number: give 1 to 99."
}

check_options() {
  case $OS in bookworm | trixie) ;; *) die "OS=$OS is unknown: give bookworm or trixie." ;; esac
  case $ENGINE in none | preinstalled) ;; *) die "ENGINE=$ENGINE is unknown: give none or preinstalled." ;; esac
}

# Several `up` may run at once: what they share (key, network, image) is made by one at a time.
locked() {
  mkdir -p "$STORE"
  (
    flock 9
    "$@"
  ) 9>"${TMPDIR:-/tmp}/hypha-lab.$(id -u).lock"
}

make_key() {
  [ -f "$KEY" ] && return
  (umask 077 && ssh-keygen -q -t ed25519 -N '' -C hypha-lab -f "$KEY")
}

make_network() {
  docker network inspect "$NETWORK" >/dev/null 2>&1 && return
  docker network create --label "$LABEL" --subnet "$SUBNET" --gateway 10.77.0.1 \
    --ip-range 10.77.0.240/28 "$NETWORK" >/dev/null
}

# The tag is the hash of what goes in, so an unchanged image is not built again.
image_name() {
  local base=$1 sum
  sum=$({
    docker image inspect --format '{{.Id}}' "$base"
    find lab/Dockerfile lab/boot -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-12)
  printf 'hypha/lab-%s-%s:%s' "$OS" "$ENGINE" "$sum"
}

make_image() {
  local base=debian:$OS-slim log=$STORE/build-$OS-$ENGINE.log image
  docker image inspect "$base" >/dev/null 2>&1 || ops/base-image.sh ensure "$base"
  image=$(image_name "$base")
  docker image inspect "$image" >/dev/null 2>&1 && return
  say "building $image (log: $log)"
  if ! docker build --label "$LABEL" --build-arg "BASE=$base" --build-arg "ENGINE=$ENGINE" \
    -t "$image" lab >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "The lab image did not build."
  fi
}

prepare() {
  make_key
  make_network
  make_image
}

state() { docker inspect --format '{{.State.Status}}' "vps$1" 2>/dev/null || true; }
label() { docker inspect --format "{{index .Config.Labels \"hypha.lab.$2\"}}" "vps$1"; }

create() {
  local n=$1 image=$2 capability dns args=() disk=()
  for capability in "${CAPABILITIES[@]}"; do args+=(--cap-add "$capability"); done
  # systemd 256 and later boots on cgroup v1 only when told so.
  args+=(-e SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1)
  dns=$(awk '$1 == "nameserver" && $2 !~ /^127\./ && $2 !~ /:/ { printf "%s ", $2 }' /etc/resolv.conf)
  args+=(-e "LAB_DNS=${dns% }")
  [ ! -c /dev/net/tun ] || args+=(--device /dev/net/tun)
  [ -z "${DISK:-}" ] || disk=(--opt type=tmpfs --opt device=tmpfs --opt "o=size=$DISK")
  docker volume create --label "$LABEL" "${disk[@]}" "vps$n-docker" >/dev/null
  docker create --name "vps$n" --hostname "vps$n" --label "$LABEL" \
    --label "hypha.lab.os=$OS" --label "hypha.lab.engine=$ENGINE" "${args[@]}" \
    --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    --security-opt systempaths=unconfined --cgroupns private \
    --network "$NETWORK" --ip "$(address "$n")" -v "vps$n-docker:/var/lib/docker" \
    --tmpfs /run:exec --tmpfs /run/lock --tmpfs /tmp:exec "$image" >/dev/null
}

# Root's key goes in on every `up`, so that a server started from another checkout opens too.
authorize() {
  tar -c --numeric-owner --owner=0 --group=0 --mode=0600 --transform 's/.*/authorized_keys/' \
    -C "$(dirname "$KEY")" "$(basename "$KEY").pub" | docker cp - "vps$1:/root/.ssh"
}

up_one() {
  local n=$1 image=$2
  if [ "$(state "$n")" = running ]; then
    [ "$(label "$n" os) $(label "$n" engine)" = "$OS $ENGINE" ] ||
      die "vps$n runs with OS=$(label "$n" os) ENGINE=$(label "$n" engine). For another kind: lab/vps.sh down $n"
  else
    remove "$n"
    create "$n" "$image"
  fi
  authorize "$n"
  docker start "vps$n" >/dev/null
}

systemd_settled() {
  case "$(docker exec "vps$1" systemctl is-system-running 2>/dev/null)" in
    running | degraded) return 0 ;;
    *) return 1 ;;
  esac
}

ssh_answers() { (exec 3<>"/dev/tcp/$(address "$1")/22") 2>/dev/null; }

wait_one() {
  local n=$1
  [ "$(state "$n")" = running ] || die "vps$n is not running. Start it: lab/vps.sh up $n"
  if ! until_true "$LAB_WAIT" systemd_settled "$n"; then
    docker exec "vps$n" systemctl list-jobs --no-pager >&2 || docker logs --tail 20 "vps$n" >&2
    die "vps$n did not finish booting in ${LAB_WAIT}s: the jobs it still waits for are above."
  fi
  until_true "$LAB_WAIT" ssh_answers "$n" || die "sshd of vps$n does not answer on $(address "$n"):22."
  local failed
  failed=$(docker exec "vps$n" systemctl --failed --no-legend --plain | awk '{ print $1 }' | paste -sd ' ')
  say "vps$n ready at $(address "$n") ($OS, engine: $ENGINE)${failed:+, failed units: $failed}"
}

up() {
  [ $# -gt 0 ] || set -- 1
  local n image
  for n in "$@"; do check_number "$n"; done
  check_options
  locked prepare
  image=$(image_name "debian:$OS-slim")
  for n in "$@"; do up_one "$n" "$image"; done
  for n in "$@"; do wait_one "$n"; done
}

# Only what carries the lab's label is ever removed.
remove() {
  local id
  id=$(docker ps -aq --filter "label=$LABEL" --filter "name=^/vps$1\$")
  [ -z "$id" ] || docker rm -fv "$id" >/dev/null
  id=$(docker volume ls -q --filter "label=$LABEL" --filter "name=^vps$1-docker\$")
  [ -z "$id" ] || docker volume rm "$id" >/dev/null
}

down() {
  local n all=0
  if [ $# -eq 0 ]; then
    all=1
    mapfile -t numbers < <({
      docker ps -a --filter "label=$LABEL" --format '{{.Names}}'
      docker volume ls --filter "label=$LABEL" --format '{{.Name}}'
    } | sed -n 's/^vps\([0-9]*\)\(-docker\)\?$/\1/p' | sort -nu)
    set -- "${numbers[@]}"
  fi
  for n in "$@"; do
    check_number "$n"
    remove "$n"
    say "vps$n removed"
  done
  if [ "$all" = 1 ] && [ -n "$(docker network ls -q --filter "label=$LABEL" --filter "name=^$NETWORK\$")" ]; then
    docker network rm "$NETWORK" >/dev/null && say "network $NETWORK removed"
  fi
}

list() {
  docker ps -a --filter "label=$LABEL" --format '{{.Names}}\t{{.Image}}\t{{.Status}}' | sort -V |
    while IFS=$'\t' read -r name image status; do
      printf '%s\t%s\t%s\t%s\n' "${name#vps}" "$(address "${name#vps}")" "$image" "$status"
    done
}

main() {
  local verb=${1:---help} n
  [ $# -eq 0 ] || shift
  case $verb in
    up) up "$@" ;;
    down) down "$@" ;;
    list) list ;;
    key)
      locked make_key
      printf '%s\n' "$KEY"
      ;;
    hostkey)
      check_number "${1:-}"
      docker exec "vps$1" cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub
      ;;
    wait) for n in "$@"; do check_number "$n" && wait_one "$n"; done ;;
    exec)
      check_number "${1:-}"
      n=$1
      shift
      docker exec -i "vps$n" "$@"
      ;;
    -h | --help | help) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
    *) die "Unknown verb '$verb'. See: lab/vps.sh --help" ;;
  esac
}

main "$@"
