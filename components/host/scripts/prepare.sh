#!/usr/bin/env bash
# Makes a checked server ready: the deploy account, and a Docker engine from where the config says.

main() {
  [[ ${1:-up} == up ]] || return 0
  engine
  deploy_user
  audit_log
}

# A line for each deployment (ops/conclude.ts), written over the deploy account's login.
audit_log() {
  if ! command -v logrotate >/dev/null; then
    apt_get install -y --no-install-recommends logrotate 2>/dev/null ||
      { retry 5 apt_get update && retry 3 apt_get install -y --no-install-recommends logrotate; } ||
      fail "logrotate could not be installed" "see the messages above; try: apt-get install logrotate"
  fi
  install -d -m 0750 -o root -g "${DEPLOY_USER}" /var/log/hypha
  [[ -e /var/log/hypha/audit.log ]] || install -m 0660 -o root -g "${DEPLOY_USER}" /dev/null /var/log/hypha/audit.log
  install -m 0644 /dev/stdin /etc/logrotate.d/hypha <<ROTATE
/var/log/hypha/audit.log {
  monthly
  maxsize 1M
  rotate 24
  missingok
  notifempty
  compress
  delaycompress
  create 0660 root ${DEPLOY_USER}
}
ROTATE
}

deploy_user() {
  local home keys
  id -u "${DEPLOY_USER}" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "${DEPLOY_USER}" ||
    fail "the account ${DEPLOY_USER} could not be made" "give hypha:hosts.${HOST_NAME}.deployUser another name"
  usermod --append --groups docker "${DEPLOY_USER}"
  home=$(getent passwd "${DEPLOY_USER}" | cut -d: -f6)
  # The keys that let this very session in are the ones that may deploy.
  # The account's own: other accounts on the server have no business there.
  chmod 0750 "${home}"
  keys=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)/.ssh/authorized_keys
  [[ -s ${keys} ]] || fail "${keys} is missing or empty" "log in with a key that stands in it"
  install -d -m 0700 -o "${DEPLOY_USER}" -g "${DEPLOY_USER}" "${home}/.ssh"
  install -m 0600 -o "${DEPLOY_USER}" -g "${DEPLOY_USER}" "${keys}" "${home}/.ssh/authorized_keys"
}

engine() {
  if [[ ${ENGINE} != present ]] && ! command -v docker >/dev/null; then
    note "installing the Docker engine (${ENGINE})"
    retry 5 apt_get update ||
      fail "its package lists cannot be fetched" "see the messages above; check /etc/apt/sources.list and the network"
    case ${ENGINE} in
      distribution) install_from_distribution ;;
      docker) install_from_docker ;;
    esac
  fi
  # Swarm cannot work with live-restore, and a log without a limit fills the disk.
  if [[ ! -e /etc/docker/daemon.json ]]; then
    install -d /etc/docker
    printf '{"log-driver":"json-file","log-opts":{"max-size":"10m","max-file":"3"}}\n' >/etc/docker/daemon.json
    systemctl restart docker
  fi
  systemctl enable --quiet --now docker
  wait_for 60 docker info || fail "the Docker engine does not answer" "look at: journalctl -u docker -n 50"
}

install_from_distribution() {
  local packages=(docker.io iptables ca-certificates)
  # Debian 13 has the client in a package of its own.
  if apt-cache show docker-cli >/dev/null 2>&1; then packages+=(docker-cli); fi
  retry 3 apt_get install -y --no-install-recommends "${packages[@]}" ||
    fail "the distribution's Docker engine could not be installed" "see the messages above; try: apt-get install docker.io"
}

install_from_docker() {
  # shellcheck source=/dev/null
  . /etc/os-release
  retry 3 apt_get install -y --no-install-recommends ca-certificates curl ||
    fail "curl could not be installed" "see the messages above"
  install -d -m 0755 /etc/apt/keyrings
  download "https://download.docker.com/linux/${ID}/gpg" /etc/apt/keyrings/docker.asc ||
    fail "download.docker.com cannot be reached" "set hypha:hosts.${HOST_NAME}.docker to distribution"
  printf 'deb [arch=%s signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/%s %s stable\n' \
    "$(dpkg --print-architecture)" "${ID}" "${VERSION_CODENAME}" >/etc/apt/sources.list.d/docker.list
  if ! retry 3 apt_get update || ! retry 3 apt_get install -y --no-install-recommends docker-ce docker-ce-cli containerd.io; then
    fail "Docker's engine could not be installed" \
      "see the messages above, or set hypha:hosts.${HOST_NAME}.docker to distribution"
  fi
}

main "$@" </dev/null
