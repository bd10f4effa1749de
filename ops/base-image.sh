#!/usr/bin/env bash
# Makes sure Debian base images are in the local engine.
# Usage: ops/base-image.sh [ensure] [IMAGE…]   (default: debian:bookworm-slim)
# An image that is there is left alone; else it is pulled; else it is made from the Debian mirror.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ops/lib/common.sh

MIRROR=${HYPHA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
SECURITY=${HYPHA_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
PULL_SECONDS=${HYPHA_PULL_SECONDS:-20}
KEYRING=${HYPHA_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
WORK=''

image_id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null; }

# A registry that does not answer must not hold a machine for minutes; one that does may take its time.
pull() {
  local log pid
  log=$(mktemp)
  docker pull "$1" >"$log" 2>&1 &
  pid=$!
  if ! until_true "$PULL_SECONDS" pull_moves "$log" "$pid"; then
    kill "$pid" 2>/dev/null || true
  fi
  if wait "$pid"; then
    rm -f "$log"
    return 0
  fi
  say "no registry gave $1: $(tail -n 1 "$log")"
  rm -f "$log"
  return 1
}

# The registry has answered, or the pull has ended.
pull_moves() { grep -q 'Pulling from' "$1" || ! kill -0 "$2" 2>/dev/null; }

need_debootstrap() {
  if [ "$(id -u)" != 0 ]; then
    die "$1 is not in the Docker engine, and no registry answers." \
      "As root this script can make it: sudo ops/base-image.sh $1"
  fi
  local missing=()
  have debootstrap || missing+=(debootstrap)
  [ -r "$KEYRING" ] || missing+=(debian-archive-keyring)
  [ ${#missing[@]} -gt 0 ] || return 0
  is_debian_like ||
    die "$1 has to be made with debootstrap: install ${missing[*]} and run again."
  say "installing ${missing[*]}"
  apt_install "${missing[@]}" || die "Could not install ${missing[*]}: see the lines above."
}

# As the official slim images: no docs, manuals or translations, now or later.
trim() {
  local root=$1 suite=$2
  cat >"$root/etc/dpkg/dpkg.cfg.d/slim" <<'SLIM'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
SLIM
  cat >"$root/etc/apt/apt.conf.d/slim" <<'APT'
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
APT
  # No daemon is started by installing its package in an image.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 0755 "$root/usr/sbin/policy-rc.d"
  cat >"$root/etc/apt/sources.list" <<LIST
deb $MIRROR $suite main
deb $MIRROR $suite-updates main
deb $SECURITY $suite-security main
LIST
  find "$root/usr/share/doc" -type f ! -name copyright -delete
  find "$root/usr/share/doc" -type l -delete
  find "$root/usr/share/doc" -mindepth 1 -type d -empty -delete
  rm -rf "$root"/usr/share/{man,groff,info,lintian,locale}/*
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* \
    "$root"/var/cache/ldconfig/aux-cache "$root"/var/cache/debconf/*-old "$root"/tmp/*
  mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/log/apt" "$root/var/lib/apt/lists/partial"
  : >"$root/etc/machine-id"
  : >"$root/etc/resolv.conf"
  printf 'localhost\n' >"$root/etc/hostname"
}

# Same archive, same bytes: no file is newer than the suite's own release date.
release_epoch() {
  local release date
  release=$(find "$1/var/lib/apt/lists" -name '*Release' | head -n 1)
  date=$(sed -n 's/^Date: //p' "$release" | head -n 1)
  date -d "$date" +%s
}

make_image() {
  local image=$1 suite root epoch
  suite=${image#debian:}
  suite=${suite%-slim}
  need_debootstrap "$image"
  WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/hypha-base.XXXXXX")
  trap 'rm -rf "$WORK"' EXIT
  root=$WORK/root
  say "making $image with debootstrap from $MIRROR"
  # The awk counts what debootstrap says into a progress line now and then.
  if ! debootstrap --variant=minbase --keyring="$KEYRING" "$suite" "$root" "$MIRROR" \
    </dev/null 2>&1 | tee "$WORK/log" | progress; then
    tail -n 20 "$WORK/log" >&2
    die "debootstrap failed. Is $MIRROR reachable? HYPHA_DEBIAN_MIRROR names another mirror."
  fi
  epoch=$(release_epoch "$root")
  trim "$root" "$suite"
  say "importing $image"
  tar --sort=name --numeric-owner --clamp-mtime --mtime="@$epoch" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    -C "$root" -c . |
    docker import --change 'CMD ["bash"]' \
      --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      --change "LABEL hypha.base=debootstrap hypha.base.epoch=$epoch" - "$image" >/dev/null
  rm -rf "$WORK"
}

progress() {
  local line count=0 last=$SECONDS
  while IFS= read -r line; do
    count=$((count + 1))
    if [ $((SECONDS - last)) -ge 5 ]; then
      say "  debootstrap: $count steps, now: ${line#I: }"
      last=$SECONDS
    fi
  done
}

ensure() {
  local image=$1 how='already there'
  [[ $image =~ ^debian:[a-z]+-slim$ ]] || die "Only debian:<suite>-slim can be made here, not '$image'."
  if ! image_id "$image" >/dev/null; then
    if pull "$image"; then
      how=pulled
    else
      make_image "$image"
      how='made with debootstrap'
    fi
  fi
  good "$image: $how, $(image_id "$image")"
}

main() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
      return
      ;;
    ensure) shift ;;
  esac
  docker info >/dev/null 2>&1 || die "No Docker engine answers. Run: ops/engine.sh"
  [ $# -gt 0 ] || set -- debian:bookworm-slim
  local image
  for image in "$@"; do ensure "$image"; done
}

main "$@"
