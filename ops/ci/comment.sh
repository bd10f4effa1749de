#!/usr/bin/env bash
# Puts a comment on a pull request, in the place of the one of the run before: its first line tells them from others.
# Usage: GH_TOKEN= GITHUB_REPOSITORY= PULL_REQUEST=12 COMMENT=… ops/ci/comment.sh     needs gh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/lib/common.sh

# The number of the comment that begins with the same line and is this workflow's own.
former() {
  gh api --paginate "$1" --jq '.[] | [.id, .user.login, (.body | split("\n")[0] | rtrimstr("\r"))] | @tsv' |
    awk -F '\t' -v mark="$2" '$2 == "github-actions[bot]" && $3 == mark { print $1; exit }'
}

main() {
  have gh || die "gh is not there: the comment is in the run's summary only." "Install it on the runner (GitHub's have it)."
  [ -n "${COMMENT:-}" ] || die "There is no comment to make: the preview did not get so far."
  [[ ${PULL_REQUEST:-} =~ ^[0-9]+$ ]] || die "PULL_REQUEST is '${PULL_REQUEST:-}': give its number."
  local all="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" old
  old=$(former "$all" "${COMMENT%%$'\n'*}")
  if [ -n "$old" ]; then
    printf '%s' "$COMMENT" | gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$old" -F body=@-
  else
    printf '%s' "$COMMENT" | gh api --silent --method POST "$all" -F body=@-
  fi
}

main "$@"
