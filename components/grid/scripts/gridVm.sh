#!/usr/bin/env bash
# A ThreeFold Grid VM of the stack, by tfcmd on this machine: up sees that it is there, down cancels it.

main() {
  command -v tfcmd >/dev/null ||
    fail "is a grid VM, and tfcmd is not on the PATH" "install it (releases of threefoldtech/tfgrid-sdk-go)"
  log_in
  case ${1:-up} in
    up) be_there ;;
    down) cancel ;;
  esac
}

# tfcmd reads its login from a file only: a private one for this run, where the environment has a mnemonic.
log_in() {
  [[ -n ${TFGRID_MNEMONIC:-} ]] || return 0
  umask 077
  login=$(mktemp -d)
  trap 'rm -rf "${login}"' EXIT
  printf '{"mnemonics":%s,"network":%s}\n' \
    "$(json_string "${TFGRID_MNEMONIC}")" "$(json_string "${TFGRID_NETWORK:-main}")" >"${login}/.tfgridconfig"
  unset TFGRID_MNEMONIC
  export XDG_CONFIG_HOME=${login}
}

look_up() {
  said=$(NO_COLOR=1 tfcmd get vm "${VM_NAME}" 2>&1) && return
  # It shows a login file that it cannot read.
  [[ ${said} != *mnemonics* ]] || said="its login file is not sound"
  return 1
}

be_there() {
  retry 3 look_up || fail "tfcmd does not tell of the grid VM ${VM_NAME}: $(tail -c 300 <<<"${said}")" \
    "log in (tfcmd login, or TFGRID_MNEMONIC), or deploy it: make grid-vm HOST=${HOST_NAME}"
  grep -qF "\"mycelium_ip\": \"${VM_ADDRESS}\"" <<<"${said}" ||
    fail "the grid VM ${VM_NAME} is not at ${VM_ADDRESS}" \
      "correct hypha:hosts.${HOST_NAME}.gridVm.name, or let make grid-vm HOST=${HOST_NAME} write the address anew"
}

# One that is gone already is as it should be.
cancel() {
  if ! look_up && grep -q "couldn't find any contracts with name" <<<"${said}"; then
    note "the grid VM ${VM_NAME} is gone already"
    return 0
  fi
  retry 3 tfcmd cancel "${VM_NAME}" >&2 ||
    fail "tfcmd could not cancel the grid VM ${VM_NAME}: it still costs" "try again, or make grid-cancel NAME=${VM_NAME}"
}

main "$@" </dev/null
