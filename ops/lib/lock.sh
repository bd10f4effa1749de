# shellcheck shell=bash
# The deployment lock of a stack, on its first manager. Run by `bash -c`: verb, file; more on standard input.

# A holder that has not been heard of for so long is gone.
SILENCE=${SILENCE:-25}

# hold FILE: the first line of standard input says whose it is; each further one is a heartbeat. Holds the lock until the
# input ends or falls silent. Exit code 75: another has it, and its owner is what is printed.
hold() {
  local file=$1 owner
  mkdir -p "${file%/*}"
  [[ -e ${file} ]] || (umask 022 && : >>"${file}")
  exec 9<"${file}"
  IFS= read -r -t "${SILENCE}" owner || return 1
  if ! flock --wait 1 9; then
    cat "${file}"
    return 75
  fi
  # Into the same file: who waits for the lock has it open.
  printf '%s\n' "${owner/\{/\{\"holder\":$$,}" >"${file}"
  trap ': >"${LOCK}"' EXIT
  LOCK=${file}
  printf 'held\n'
  while read -r -t "${SILENCE}" _; do :; done
}

# owner FILE: who holds the lock; nothing where nobody does.
owner() {
  [[ -e $1 ]] || return 0
  exec 9<"$1"
  flock --nonblock --shared 9 || cat "$1"
}

# break FILE HOLDER WORDS: ends the process that holds the lock, if it is still that one, waits until the lock is free, and
# says so in the journal.
break_lock() {
  local file=$1 holder=$2
  exec 9<"${file}"
  ! flock --nonblock 9 || return 0
  [[ $(sed -n 's/^{"holder":\([0-9]*\),.*/\1/p' "${file}") == "${holder}" ]] || return 75
  kill "${holder}"
  flock --wait 10 9
  ! command -v logger >/dev/null || logger -t hypha-lock "$3" || true
}

case $1 in
  hold) hold "$2" ;;
  owner) owner "$2" ;;
  break) break_lock "$2" "$3" "$4" ;;
esac
