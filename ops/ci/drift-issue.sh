#!/usr/bin/env bash
# Opens an issue where there is drift, brings the open one up to date, and closes it when the drift is gone.
# Usage: GH_TOKEN= GH_REPO=owner/name VERDICT=clean|drift|unknown REPORT=… STACK=prod ops/ci/drift-issue.sh     needs gh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ops/lib/common.sh

LABEL=hypha-drift

# The number of the open issue that begins with the report's first line.
open_issue() {
  gh issue list --label "$LABEL" --state open --limit 100 --json number,body \
    --jq '.[] | [.number, (.body | split("\n")[0] | rtrimstr("\r"))] | @tsv' |
    awk -F '\t' -v mark="$1" '$2 == mark { print $1; exit }'
}

main() {
  have gh || die "gh is not there: the report is in the run's summary only." "Install it on the runner (GitHub's have it)."
  local number
  case ${VERDICT:-} in
    clean | drift | unknown) ;;
    '') die "There is no verdict: the check did not get so far, or a deployment was under way." ;;
    *) die "VERDICT is '$VERDICT': give clean, drift or unknown." ;;
  esac
  number=$(open_issue "${REPORT%%$'\n'*}")
  if [ "$VERDICT" = clean ]; then
    [ -z "$number" ] || gh issue close "$number" --comment "The drift is gone."
  elif [ -n "$number" ]; then
    printf '%s' "$REPORT" | gh issue edit "$number" --body-file -
  else
    gh label create "$LABEL" --description "Servers differ from their stack" --force
    printf '%s' "$REPORT" | gh issue create --title "Drift on stack $STACK" --label "$LABEL" --body-file -
  fi
}

main "$@"
