#!/usr/bin/env bash
# Puts the Pulumi CLI, its Node language host and the providers where the npm
# launcher and the CLI look for them: official ones, or built from toolchain/.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root
# shellcheck source=../toolchain/versions.env
source "$root/toolchain/versions.env"
# shellcheck source=toolchain-go.sh
source "$root/ops/toolchain-go.sh"
# shellcheck source=toolchain-debian.sh
source "$root/ops/toolchain-debian.sh"

readonly pulumi_home="${PULUMI_HOME:-$HOME/.pulumi}"
readonly cache="${XDG_CACHE_HOME:-$HOME/.cache}/hypha"
readonly cli_dir="$pulumi_home/versions/$PULUMI_VERSION/bin"
# The CLI last: the launcher takes its presence for a finished installation.
readonly parts=(pulumi-language-nodejs random docker tls command pulumi)

usage() {
  cat <<'EOF'
usage: ops/toolchain.sh [ensure|build|which|tools|toxiproxy] [--yes]

  ensure     official binaries if their hosts answer, else built ones (default)
  build      built ones, whatever answers
  which      what is in place and where it came from; fails if something is missing
  tools      shfmt, actionlint, promtool and amtool into the cache (${XDG_CACHE_HOME:-~/.cache}/hypha/bin)
  toxiproxy  into the cache too, for the benchmark: a proxy that makes connections slow

  --yes      as root on Debian or Ubuntu: install what is missing (curl, unzip)

HYPHA_TOOLCHAIN=official|build decides by itself. PULUMI_HOME is honoured.
EOF
}

say() { printf 'toolchain: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

version_of() {
  local name="${1^^}_VERSION"
  printf '%s' "${!name}"
}

# The file that a part is installed as.
path_of() {
  case "$1" in
    pulumi | pulumi-language-nodejs) printf '%s' "$cli_dir/$1" ;;
    *) printf '%s' "$pulumi_home/plugins/resource-$1-v$(version_of "$1")/pulumi-resource-$1" ;;
  esac
}

# The file that says from which sources a part was built; official parts have none.
stamp_of() {
  case "$1" in
    pulumi | pulumi-language-nodejs) printf '%s' "$cli_dir/.$1.built-from" ;;
    *) printf '%s' "$(dirname "$(path_of "$1")")/.built-from" ;;
  esac
}

# What a part is built from, into the array sources.
sources_of() {
  local here="$root/toolchain"
  case "$1" in
    pulumi-language-nodejs) sources=("$here/$1"/* "$here"/go.{mod,sum}) ;;
    pulumi) sources=("$here/versions.env" "$here"/cli/*) ;;
    command) sources=("$here"/pulumi-resource-command/{,*/}*.go "$here"/go.{mod,sum}) ;;
    *) sources=("$here/pulumi-resource-$1"/* "$here/shim/$1"/* "$here"/go.{mod,sum}) ;;
  esac
}

digest_of() {
  local sources
  sources_of "$1"
  cat -- "${sources[@]}" | sha256sum | cut -c1-16
}

# unchanged PART STAMP: by time first, by content where a checkout renewed the times.
unchanged() {
  local sources source newer=
  sources_of "$1"
  for source in "${sources[@]}"; do
    [[ ! "$source" -nt "$2" ]] || newer=1
  done
  [[ -n "$newer" ]] || return 0
  [[ "$(<"$2")" == "$(digest_of "$1")" ]] && touch "$2"
}

# official | built | stale | missing
state_of() {
  local stamp
  stamp="$(stamp_of "$1")"
  if [[ ! -x "$(path_of "$1")" ]]; then
    echo missing
  elif [[ ! -e "$stamp" ]]; then
    echo official
  elif unchanged "$1" "$stamp"; then
    echo built
  else
    echo stale
  fi
}

# The parts that still have to come.
pending() {
  local part
  for part in "${parts[@]}"; do
    case "$(state_of "$part")" in missing | stale) echo "$part" ;; esac
  done
}

which_parts() {
  local part state missing=0
  for part in "${parts[@]}"; do
    state="$(state_of "$part")"
    [[ "$state" != missing ]] || missing=1
    printf '%-24s %-9s %s\n' "$part" "$state" "$(path_of "$part")"
  done
  return "$missing"
}

official_answers() {
  curl --silent --show-error --fail --location --max-time 3 --output /dev/null https://get.pulumi.com/install.sh 2>/dev/null
}

install_official() {
  local part launcher="$root/node_modules/.bin/pulumi"
  [[ -x "$launcher" ]] || fail "node_modules/.bin/pulumi is missing: run npm ci first"
  say "official Pulumi $PULUMI_VERSION into $pulumi_home"
  "$launcher" version >/dev/null || return 1
  for part in docker random tls command; do
    [[ -x "$(path_of "$part")" ]] || "$launcher" plugin install resource "$part" "v$(version_of "$part")" || return 1
  done
}

# place PART FILE: moves a finished binary into place in one step.
place() {
  local target stamp
  target="$(path_of "$1")"
  stamp="$(stamp_of "$1")"
  case "$1" in
    pulumi | pulumi-language-nodejs)
      mkdir -p "$cli_dir"
      cp "$2" "$target.new"
      digest_of "$1" >"$stamp"
      mv -f "$target.new" "$target"
      ;;
    *)
      local dir fresh
      dir="$(dirname "$target")"
      mkdir -p "$pulumi_home/plugins"
      fresh="$(mktemp -d "$pulumi_home/plugins/.hypha-XXXXXX")"
      cp "$2" "$fresh/$(basename "$target")"
      digest_of "$1" >"$fresh/.built-from"
      chmod 0755 "$fresh"
      rm -rf "$dir" "$dir.partial"
      mv -T "$fresh" "$dir"
      ;;
  esac
  rm -f "$2"
}

build_part() {
  local out="$cache/build/$1" directory=toolchain package flags="-s -w"
  case "$1" in
    pulumi)
      directory=toolchain/cli
      package=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
      flags+=" -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$PULUMI_VERSION"
      ;;
    pulumi-language-nodejs) package="./$1" ;;
    *) package="./pulumi-resource-$1" ;;
  esac
  cd "$root/$directory"
  GOWORK=off GOFLAGS=-buildvcs=false "$go" build -ldflags "$flags" -o "$out" "$package"
}

# timed NAME COMMAND...: one line when it is done, the end of its log when it fails.
timed() {
  local name="$1" log="$cache/log/$1.log" start=$SECONDS job
  shift
  "$@" >"$log" 2>&1 &
  job=$!
  # Ctrl-C must not leave a compiler behind.
  trap 'kill "$job" 2>/dev/null || true; exit 130' INT TERM
  while [[ -t 2 ]] && kill -0 "$job" 2>/dev/null; do
    printf '\r  %-24s %4d s' "$name" "$((SECONDS - start))" >&2
    read -r -t 1 <> <(:) || true
  done
  if ! wait "$job"; then
    [[ ! -t 2 ]] || printf '\n' >&2
    tail -n 20 "$log" >&2
    fail "$name: failed, see $log"
  fi
  trap - INT TERM
  [[ ! -t 2 ]] || printf '\r' >&2
  printf '  %-24s %4d s\n' "$name" "$((SECONDS - start))" >&2
}

install_built() {
  local part left
  mapfile -t left < <(pending)
  ((${#left[@]} > 0)) || return 0
  mkdir -p "$cache/build" "$cache/log"
  exec 9>"$cache/toolchain.lock"
  flock -n 9 || {
    say "another run is building: waiting for it"
    flock 9
    mapfile -t left < <(pending)
  }
  find_go
  say "building ${#left[@]} of ${#parts[@]} parts from Go modules (about 15 minutes without a cache) into $pulumi_home"
  for part in "${left[@]}"; do
    timed "$part" build_part "$part"
    place "$part" "$cache/build/$part"
  done
}

# tool NAME VERSION MODULE@VERSION
tool() {
  local stamp="$cache/bin/.$1-$2"
  [[ ! -e "$stamp" || ! -x "$cache/bin/$1" ]] || return 0
  [[ -n "${go:-}" ]] || find_go
  mkdir -p "$cache/bin" "$cache/build" "$cache/log"
  GOFLAGS=-buildvcs=false GOWORK=off GOBIN="$cache/build" timed "$1" "$go" install "$3"
  mv -f "$cache/build/$1" "$cache/bin/$1"
  : >"$stamp"
}

install_tools() {
  tool shfmt "$SHFMT_VERSION" "mvdan.cc/sh/v3/cmd/shfmt@v$SHFMT_VERSION"
  tool actionlint "$ACTIONLINT_VERSION" "github.com/rhysd/actionlint/cmd/actionlint@v$ACTIONLINT_VERSION"
  debian_tool promtool prometheus
  debian_tool amtool prometheus-alertmanager
  printf '%s\n' "$cache/bin"
}

# Its go.sum pins every module that it is made of.
install_toxiproxy() {
  local sources="$root/toolchain/toxiproxy" stamp
  stamp="$cache/bin/.toxiproxy-$(cat -- "$sources"/go.{mod,sum} | sha256sum | cut -c1-16)"
  if [[ ! -e "$stamp" || ! -x "$cache/bin/toxiproxy" ]]; then
    find_go
    mkdir -p "$cache/bin" "$cache/build" "$cache/log"
    timed toxiproxy env -C "$sources" GOWORK=off GOFLAGS=-buildvcs=false \
      "$go" build -o "$cache/build/toxiproxy" github.com/Shopify/toxiproxy/v2/cmd/server
    mv -f "$cache/build/toxiproxy" "$cache/bin/toxiproxy"
    : >"$stamp"
  fi
  printf '%s\n' "$cache/bin/toxiproxy"
}

ensure() {
  local left
  mapfile -t left < <(pending)
  if ((${#left[@]} == 0)); then
    say "Pulumi $PULUMI_VERSION is in place ($(state_of pulumi))"
    return
  fi
  case "${HYPHA_TOOLCHAIN:-}" in
    official) install_official || fail "the official download failed" ;;
    build) install_built ;;
    "") if ! official_answers; then
      say "get.pulumi.com does not answer: building instead"
      install_built
    elif ! install_official; then
      say "the official download failed: building instead"
      install_built
    fi ;;
    *) fail "HYPHA_TOOLCHAIN is '$HYPHA_TOOLCHAIN': use official or build" ;;
  esac
  which_parts >&2 || fail "some parts are still missing"
}

main() {
  local verb=ensure argument
  assume_yes="${CI:+1}"
  for argument in "$@"; do
    case "$argument" in
      --yes) assume_yes=1 ;;
      --help | -h) verb=help ;;
      ensure | build | which | tools | toxiproxy) verb="$argument" ;;
      *)
        usage >&2
        exit 2
        ;;
    esac
  done
  case "$verb" in
    help) usage ;;
    ensure) ensure ;;
    build) install_built && which_parts >&2 ;;
    which) which_parts ;;
    tools) install_tools ;;
    toxiproxy) install_toxiproxy ;;
  esac
}

main "$@"
