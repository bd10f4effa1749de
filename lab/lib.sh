# shellcheck shell=bash
# Shared by lab/vps.sh and lab/vm.sh: what a server of the lab is, whatever it runs in. Source it; it only defines. The
# script that does so has the functions make_image, up_one N, remove N, numbers, state N, run_in N CMD…, load N IMAGE,
# unplug N, plug N, restart N, list_one N, boot_log N.

NETWORK=lab
SUBNET=10.77.0.0/24
LABEL=hypha.lab=1
STORE=build/lab
KEY=$PWD/$STORE/id_ed25519
OS=${OS:-bookworm}
ENGINE=${ENGINE:-none}
LAB_WAIT=${LAB_WAIT:-120}
export DOCKER_BUILDKIT=0

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

bridge() { printf 'br-%s' "$(docker network inspect --format '{{slice .Id 0 12}}' "$NETWORK")"; }

# build_image NAME STAGE: the image NAME of a stage of lab/Dockerfile, unless it is there.
build_image() {
  local image=$1 stage=$2 log=$STORE/build-$2-$OS-$ENGINE.log base
  base=$(base_image)
  docker image inspect "$image" >/dev/null 2>&1 && return
  say "building $image (log: $log)"
  if ! docker build --label "$LABEL" --build-arg "BASE=$base" --build-arg "ENGINE=$ENGINE" --target "$stage" \
    -t "$image" lab >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "The lab image did not build."
  fi
}

# hash_of PATH…: of the base image, lab/Dockerfile and all files below, so that an unchanged image is not built again.
hash_of() {
  {
    docker image inspect --format '{{.Id}}' "$(base_image)"
    find lab/Dockerfile "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-12
}

base_image() {
  docker image inspect "debian:$OS-slim" >/dev/null 2>&1 || ops/base-image.sh ensure "debian:$OS-slim" >&2
  printf 'debian:%s-slim' "$OS"
}

# Those that a server can reach: a resolver on loopback is this machine's own.
resolvers() { awk '$1 == "nameserver" && $2 !~ /^127\./ && $2 !~ /:/ { print $2 }' /etc/resolv.conf; }

prepare() {
  make_key
  make_network
  make_image
}

systemd_settled() {
  case "$(run_in "$1" systemctl is-system-running 2>/dev/null)" in
    running | degraded) return 0 ;;
    *) return 1 ;;
  esac
}

ssh_answers() { (exec 3<>"/dev/tcp/$(address "$1")/22") 2>/dev/null; }

wait_one() {
  local n=$1
  [ "$(state "$n")" = running ] || die "vps$n is not running. Start it: $0 up $n"
  if ! until_true "$LAB_WAIT" systemd_settled "$n"; then
    run_in "$n" systemctl list-jobs --no-pager >&2 || boot_log "$n" >&2
    die "vps$n did not finish booting in ${LAB_WAIT}s: the jobs it still waits for are above."
  fi
  until_true "$LAB_WAIT" ssh_answers "$n" || die "sshd of vps$n does not answer on $(address "$n"):22."
  local failed
  failed=$(run_in "$n" systemctl --failed --no-legend --plain | awk '{ print $1 }' | paste -sd ' ')
  say "vps$n ready at $(address "$n") ($OS, engine: $ENGINE)${failed:+, failed units: $failed}"
}

up() {
  [ $# -gt 0 ] || set -- 1
  local n
  for n in "$@"; do check_number "$n"; done
  check_options
  locked prepare
  for n in "$@"; do up_one "$n"; done
  for n in "$@"; do wait_one "$n"; done
}

down() {
  local n all=0
  if [ $# -eq 0 ]; then
    all=1
    mapfile -t numbers < <(numbers | sort -nu)
    set -- "${numbers[@]}"
  fi
  for n in "$@"; do
    check_number "$n"
    remove "$n"
    say "vps$n removed"
  done
  if [ "$all" = 1 ] && [ -n "$(docker network ls -q --filter "label=$LABEL" --filter "name=^$NETWORK\$")" ]; then
    # Servers of the other kind may still be on it.
    if ip link show master "$(bridge)" 2>/dev/null | grep -q .; then return; fi
    docker network rm "$NETWORK" >/dev/null && say "network $NETWORK removed"
  fi
}

main() {
  local verb=${1:---help} n
  [ $# -eq 0 ] || shift
  case $verb in
    up) up "$@" ;;
    down) down "$@" ;;
    list) numbers | sort -nu | while read -r n; do list_one "$n"; done ;;
    key)
      locked make_key
      printf '%s\n' "$KEY"
      ;;
    hostkey)
      check_number "${1:-}"
      run_in "$1" cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub
      ;;
    wait) for n in "$@"; do check_number "$n" && wait_one "$n"; done ;;
    exec | load | unplug | plug | restart)
      check_number "${1:-}"
      n=$1
      shift
      [ "$verb" != exec ] || verb=run_in
      "$verb" "$n" "$@"
      ;;
    -h | --help | help) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" ;;
    *) die "Unknown verb '$verb'. See: $0 --help" ;;
  esac
}
