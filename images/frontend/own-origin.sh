#!/usr/bin/env bash
# The app's code has the developer's addresses, http://localhost:8080 and :8081, fixed in it:
# make it speak to the origin it was loaded from. A script needs a full origin (new URL(...) refuses ""),
# in pages and styles a path from the root does. And its login form proposes matrix.org, so that whoever overlooks
# the field sends a password there: let it propose the server it was loaded from.
set -euo pipefail

readonly here='http://localhost:808[01]'
readonly origin='globalThis.location.origin'

# A whole string; the start of a template; the start of a string; what is left inside some text.
scripts() {
  sed -E -i \
    -e "s#\"$here/?\"|'$here/?'|\`$here/?\`#($origin)#g" \
    -e "s#\`$here/#\`\${$origin}/#g" \
    -e "s#\"$here/#($origin)+\"/#g" \
    -e "s#'$here/#($origin)+'/#g" \
    -e "s#$here([^0-9]|\$)#\1#g" \
    -e "s#[\"']matrix\.org[\"']#(globalThis.location.host)#g" "$@"
}

texts() {
  sed -E -i -e "s#$here/#/#g" -e "s#$here([^0-9]|\$)#/\1#g" "$@"
}

main() {
  local root=$1 file
  while IFS= read -r -d '' file; do
    case $file in
      *.js | *.mjs | *.cjs) scripts "$file" ;;
      *.html | *.css | *.json | *.webmanifest | *.svg | *.txt | *.xml) texts "$file" ;;
      *) continue ;;
    esac
    printf 'own origin: %s\n' "${file#"$root"/}"
  done < <(grep -rlEZ "$here([^0-9]|\$)|[\"']matrix\.org[\"']" "$root" || true)
}

main "$@" </dev/null
