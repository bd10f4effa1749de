# shellcheck shell=bash
# Finds a Go new enough to build toolchain/, or fetches one from the Go module
# proxy. Sourced by toolchain.sh, which defines cache, root, say, fail and GO_VERSION.
# shellcheck disable=SC2154 # root and cache come from there
# shellcheck disable=SC2034 # go is read there

# missing_tool NAME: installs a Debian package of that name where that is allowed.
missing_tool() {
  command -v "$1" >/dev/null && return
  if [[ -n "${assume_yes:-}" && $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    say "installing $1"
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$1" >/dev/null
  fi
  command -v "$1" >/dev/null || fail "$1 is needed: apt-get install $1 (or run as root with --yes)"
}

# go_release BINARY: prints its own release as major*1000+minor, ignoring go.mod files.
go_release() {
  local version
  version="$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null)" || return 1
  [[ "$version" =~ ^go([0-9]+)\.([0-9]+) ]] || return 1
  echo $((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2]))
}

# fetch_go: the toolchain module as a zip, checked against the pinned sha256.
fetch_go() {
  local arch zip proxy name want
  case "$(uname -m)" in
    x86_64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "no Go $GO_VERSION for $(uname -m): install Go $GO_VERSION or newer" ;;
  esac
  name="v0.0.1-go$GO_VERSION.linux-$arch"
  want="$(awk -v name="$name.zip" '$2 == name { print $1 }' "$root/toolchain/go.sha256")"
  [[ -n "$want" ]] || fail "toolchain/go.sha256 has no line for $name.zip"
  proxy="${GOPROXY:-https://proxy.golang.org}"
  proxy="${proxy%%[,|]*}"
  case "$proxy" in direct | off) proxy=https://proxy.golang.org ;; esac
  missing_tool curl
  missing_tool unzip
  mkdir -p "$cache/build"
  zip="$cache/build/$name.zip"
  say "fetching Go $GO_VERSION from $proxy"
  curl --silent --show-error --fail --location --retry 3 --continue-at - \
    --output "$zip" "$proxy/golang.org/toolchain/@v/$name.zip" || fail "Go $GO_VERSION cannot be fetched: install it"
  if ! echo "$want  $zip" | sha256sum --check --status; then
    rm -f "$zip"
    fail "$name.zip is not what toolchain/go.sha256 pins: nothing was installed"
  fi
  rm -rf "$cache/go-$GO_VERSION" "$cache/build/go"
  unzip -q "$zip" -d "$cache/build/go"
  # Module archives carry no modes.
  chmod -R u+rwX,go+rX "$cache/build/go"
  chmod +x "$cache/build/go/golang.org/toolchain@$name"/bin/* "$cache/build/go/golang.org/toolchain@$name"/pkg/tool/*/*
  mv "$cache/build/go/golang.org/toolchain@$name" "$cache/go-$GO_VERSION"
  rm -rf "$zip" "$cache/build/go"
}

# find_go: sets go, and GOTOOLCHAIN to what it must run as.
find_go() {
  local candidate release wanted
  wanted="${GO_VERSION%.*}"
  wanted=$((${wanted%.*} * 1000 + ${wanted#*.}))
  for candidate in "$(command -v go || true)" /usr/local/go/bin/go "$cache/go-$GO_VERSION/bin/go"; do
    [[ -x "$candidate" ]] || continue
    release="$(go_release "$candidate")" || continue
    if ((release >= wanted)); then
      export GOTOOLCHAIN=local
      go="$candidate"
      return
    fi
    # From 1.21 on, Go fetches and verifies a newer release of itself.
    if ((release >= 1021)); then
      export GOTOOLCHAIN="go$GO_VERSION"
      go="$candidate"
      return
    fi
  done
  fetch_go
  export GOTOOLCHAIN=local
  go="$cache/go-$GO_VERSION/bin/go"
}
