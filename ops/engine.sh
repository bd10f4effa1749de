#!/usr/bin/env bash
# Makes sure a Docker engine answers.
# Usage: ops/engine.sh [--yes]
# Uses the engine that answers; else, as root on Debian or Ubuntu, installs and starts one once agreed to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ops/lib/common.sh

OLDEST=20.10
SOCKET=${HYPHA_DOCKER_SOCKET:-/var/run/docker.sock}
PIDFILE=${HYPHA_DOCKER_PIDFILE:-/var/run/docker.pid}
DATA=${XDG_DATA_HOME:-$HOME/.local/share}/hypha
START_SECONDS=${HYPHA_ENGINE_SECONDS:-60}

server_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }
answers() { have docker && [ -n "$(server_version)" ]; }

# at_least VERSION WANTED, both of them major.minor….
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# The distribution's packages: Debian 13 ships the client on its own, Ubuntu has no such package.
packages() {
  have dockerd || printf 'docker.io iptables '
  if ! have docker && apt-cache show docker-cli >/dev/null 2>&1; then printf 'docker-cli'; fi
}

check_version() {
  local version
  version=$(server_version)
  at_least "$version" "$OLDEST" ||
    die "The Docker engine is $version; Hypha needs $OLDEST or newer." \
      "Update it (Debian and Ubuntu: apt-get install docker.io), or point DOCKER_HOST at a newer one."
  good "Docker engine $version${DOCKER_HOST:+ at $DOCKER_HOST}"
}

# Why no engine answers, where the answer is not to install one.
advise() {
  if [ -n "${DOCKER_HOST:-}" ]; then
    have docker || advise_client
    die "DOCKER_HOST is set to $DOCKER_HOST, and no engine answers there." \
      "Start that engine, or unset DOCKER_HOST to use one on this machine."
  fi
  if [ "$(uname -s)" = Darwin ]; then
    die "No Docker engine answers." \
      "Install one: brew install --cask docker (then open Docker Desktop), or brew install colima docker && colima start."
  fi
  local reason
  reason=$(docker version 2>&1 >/dev/null || true)
  if [ "$(id -u)" != 0 ] && [[ $reason == *"permission denied"* ]]; then
    die "A Docker engine runs here, but $(id -un) may not use it." \
      "Run: sudo usermod -aG docker $(id -un), log in again, and try again."
  fi
  is_debian_like ||
    die "No Docker engine answers, and this system ($(os_field PRETTY_NAME)) is not Debian or Ubuntu." \
      "Install Docker $OLDEST or newer from your distribution or https://docs.docker.com/engine/install/, start it, and try again."
  [ "$(id -u)" = 0 ] ||
    die "No Docker engine answers." "As root this script installs and starts one: sudo ops/engine.sh"
}

advise_client() {
  die "The docker command is missing." "Install it (Debian 13: apt-get install docker-cli; Debian 12, Ubuntu: docker.io)."
}

install_engine() {
  local wanted
  # The package lists decide what the client's package is called.
  have docker && have dockerd || apt-get update -qq >/dev/null 2>&1 || true
  read -r -a wanted <<<"$(packages)"
  [ ${#wanted[@]} -gt 0 ] || return 0
  say "installing ${wanted[*]}"
  apt_install "${wanted[@]}" || die "Could not install ${wanted[*]}: see the lines above."
}

start_engine() {
  if [ -d "${HYPHA_SYSTEMD_DIR:-/run/systemd/system}" ]; then
    say "starting the engine with systemd"
    systemctl enable --now docker >/dev/null 2>&1 ||
      die "systemd could not start Docker. See: journalctl -u docker"
  else
    start_alone
  fi
  until_true "$START_SECONDS" answers || die "The engine did not answer within ${START_SECONDS}s." \
    "See: $DATA/dockerd.log, or journalctl -u docker"
}

# runs NAME PIDFILE: the process that the file names is there, and is the one meant, not another with its number.
runs() {
  [ -f "$2" ] && [ "$(cat "/proc/$(cat "$2")/comm" 2>/dev/null)" = "$1" ]
}

# Without systemd the engine outlives this script on its own.
start_alone() {
  local containerd=${PIDFILE%/*}/docker/containerd/containerd.pid
  if runs dockerd "$PIDFILE"; then
    say "dockerd runs already (process $(cat "$PIDFILE")): waiting for it"
    return
  fi
  # Left by an engine that did not end well: a new one waits for whatever now has the number.
  rm -f "$PIDFILE"
  runs containerd "$containerd" || rm -f "$containerd"
  mkdir -p "$DATA"
  say "starting dockerd (log: $DATA/dockerd.log)"
  setsid nohup dockerd -H "unix://$SOCKET" </dev/null >>"$DATA/dockerd.log" 2>&1 &
  printf '%s\n' "$!" >"$DATA/dockerd.pid"
}

main() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
      return
      ;;
    --yes) YES=1 ;;
    '') ;;
    *) die "Unknown argument '$1'. See: ops/engine.sh --help" ;;
  esac
  if ! answers; then
    advise
    agree "No Docker engine answers. Install and start one from the distribution's packages?" ||
      die "No Docker engine answers, and nobody agreed to have one installed." \
        "Run: ops/engine.sh --yes (or make up YES=1)"
    install_engine
    start_engine
  fi
  check_version
}

main "$@"
