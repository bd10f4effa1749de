# shellcheck shell=bash
# Programs of the distribution's packages. Sourced by toolchain.sh, which defines cache and say.
# shellcheck disable=SC2154 # cache comes from there

# unpack NAME PACKAGE DIRECTORY: usr/bin/NAME of the package, as DIRECTORY/NAME.
unpack() (
  cd "$3" && apt-get download -qq "$2" &&
    dpkg-deb --fsys-tarfile ./*.deb | tar -x --to-stdout "./usr/bin/$1" >"$1" && [[ -s "$1" ]]
)

# debian_tool NAME PACKAGE: the program alone; installing the package would start its daemon. Without it goes, too: the
# checks that need it say that they were skipped, and in CI they fail.
debian_tool() {
  local fresh log="$cache/log/$1.log"
  [[ ! -x "$cache/bin/$1" ]] || return 0
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    say "$1: left out, this system has no Debian packages"
    return 0
  fi
  mkdir -p "$cache/bin" "$cache/build" "$cache/log"
  fresh="$(mktemp -d "$cache/build/$1-XXXXXX")"
  # A fresh system has no package lists yet; only root can get them.
  if unpack "$1" "$2" "$fresh" >"$log" 2>&1 || { apt-get update -qq && unpack "$1" "$2" "$fresh"; } >>"$log" 2>&1; then
    chmod 0755 "$fresh/$1"
    mv -f "$fresh/$1" "$cache/bin/$1"
  else
    tail -n 3 "$log" >&2
    say "$1: left out, $2 could not be fetched, see $log"
  fi
  rm -rf "$fresh"
}
