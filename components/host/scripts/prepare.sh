#!/usr/bin/env bash
# Makes a checked server ready: the deploy account, and a Docker engine from where the config says.

main() {
  case ${1:-up} in
    up)
      confinement
      engine
      deploy_user
      audit_log
      ;;
    check) facts ;;
  esac
}

# One of the distribution's packages, whether or not its lists are here already.
bring() {
  apt_get install -y --no-install-recommends "$1" 2>/dev/null ||
    { retry 5 apt_get update && retry 3 apt_get install -y --no-install-recommends "$1"; } ||
    fail "$1 could not be installed" "see the messages above; try: apt-get install $1"
}

# Where the kernel has AppArmor, the engine starts no container without its parser, which it only recommends. It asks so, too.
confined() { [[ -d /sys/kernel/security/apparmor ]] && ! systemd-detect-virt --quiet --container; }

confinement() {
  if confined && ! command -v apparmor_parser >/dev/null; then bring apparmor; fi
}

LOG_DIRECTORY=/var/log/hypha
RECORDS=/var/lib/hypha/deployments
ROTATE_FILE=/etc/logrotate.d/hypha

# A line and a record for each deployment (ops/conclude.ts), written over the deploy account's login.
audit_log() {
  command -v logrotate >/dev/null || bring logrotate
  install -d -m 0750 -o root -g "${DEPLOY_USER}" "${LOG_DIRECTORY}"
  [[ -e ${LOG_DIRECTORY}/audit.log ]] ||
    install -m 0660 -o root -g "${DEPLOY_USER}" /dev/null "${LOG_DIRECTORY}/audit.log"
  rotation | install -m 0644 /dev/stdin "${ROTATE_FILE}"
  # The directory above is others' too; only a missing one is made.
  [[ -d ${RECORDS%/*} ]] || install -d -m 0755 "${RECORDS%/*}"
  # Others find what they know the name of: the node exporter .figures, which they may read.
  install -d -m 0771 -o root -g "${DEPLOY_USER}" "${RECORDS}"
}

rotation() {
  cat <<ROTATE
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

facts() {
  local home packages
  mapfile -t packages < <(engine_packages)
  package_facts "${packages[@]}"
  if confined; then package_facts apparmor; fi
  if [[ ! -e ${DAEMON_FILE} ]]; then file_fact "${DAEMON_FILE}" "${DAEMON_CONF}"; fi
  unit_fact docker.service
  account_fact "${DEPLOY_USER}"
  fact 'group docker' "${DEPLOY_USER}" "$(in_group docker)" member
  fact 'group systemd-journal' "${DEPLOY_USER}" "$(in_group systemd-journal)" member
  home=$(deploy_home)
  directory_fact "${home:=/home/${DEPLOY_USER}}" 750 "${DEPLOY_USER}:${DEPLOY_USER}"
  directory_fact "${home}/.ssh" 700 "${DEPLOY_USER}:${DEPLOY_USER}"
  file_fact "${home}/.ssh/authorized_keys" "$(cat "$(login_keys)")" 600 "${DEPLOY_USER}:${DEPLOY_USER}"
  package_facts logrotate
  directory_fact "${LOG_DIRECTORY}" 750 "root:${DEPLOY_USER}"
  fact 'audit log' "${LOG_DIRECTORY}/audit.log" "$(if [[ -e ${LOG_DIRECTORY}/audit.log ]]; then echo there; fi)" there
  file_fact "${ROTATE_FILE}" "$(rotation)"
  directory_fact "${RECORDS}" 771 "root:${DEPLOY_USER}"
}

deploy_home() { { getent passwd "${DEPLOY_USER}" || true; } | cut -d: -f6; }

in_group() {
  local members
  members=$({ getent group "$1" || true; } | cut -d: -f4)
  if [[ ,${members}, == *",${DEPLOY_USER},"* ]]; then printf member; fi
}

# The keys that let this very session in are the ones that may deploy.
login_keys() { printf '%s/.ssh/authorized_keys' "$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)"; }

deploy_user() {
  local home keys
  id -u "${DEPLOY_USER}" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "${DEPLOY_USER}" ||
    fail "the account ${DEPLOY_USER} could not be made" "give hypha:hosts.${HOST_NAME}.deployUser another name"
  # The journal tells it what the engine said of a container that failed.
  usermod --append --groups docker,systemd-journal "${DEPLOY_USER}"
  home=$(deploy_home)
  # The account's own: other accounts on the server have no business there.
  chmod 0750 "${home}"
  keys=$(login_keys)
  [[ -s ${keys} ]] || fail "${keys} is missing or empty" "log in with a key that stands in it"
  install -d -m 0700 -o "${DEPLOY_USER}" -g "${DEPLOY_USER}" "${home}/.ssh"
  install -m 0600 -o "${DEPLOY_USER}" -g "${DEPLOY_USER}" "${keys}" "${home}/.ssh/authorized_keys"
}

DAEMON_FILE=/etc/docker/daemon.json
# Swarm cannot work with live-restore, and a log without a limit fills the disk.
DAEMON_CONF='{"log-driver":"json-file","log-opts":{"max-size":"10m","max-file":"3"}}
'

engine() {
  local packages
  mapfile -t packages < <(engine_packages)
  if [[ -n $(missing_packages "${packages[@]}") ]]; then
    note "installing the Docker engine (${ENGINE})"
    retry 5 apt_get update ||
      fail "its package lists cannot be fetched" "see the messages above; check /etc/apt/sources.list and the network"
    # A bare server has no lists before, so nobody knows of the client's package.
    mapfile -t packages < <(engine_packages)
    case ${ENGINE} in
      distribution) install_from_distribution ;;
      docker) install_from_docker ;;
    esac
  fi
  if [[ ! -e ${DAEMON_FILE} ]]; then
    install -d /etc/docker
    printf '%s' "${DAEMON_CONF}" >"${DAEMON_FILE}"
    systemctl restart docker
  fi
  systemctl enable --quiet --now docker
  wait_for 60 docker info || fail "the Docker engine does not answer" "look at: journalctl -u docker -n 50"
}

# Packages of an engine from where the config says; none where the server has one from elsewhere.
engine_packages() {
  case ${ENGINE} in
    distribution)
      if has_other_engine docker.io; then return 0; fi
      printf '%s\n' docker.io iptables ca-certificates
      # Debian 13 has the client in a package of its own.
      if apt-cache show docker-cli >/dev/null 2>&1; then echo docker-cli; fi
      ;;
    docker)
      if has_other_engine docker-ce; then return 0; fi
      printf '%s\n' docker-ce docker-ce-cli containerd.io
      ;;
  esac
}

has_other_engine() { command -v docker >/dev/null && [[ -n $(missing_packages "$1") ]]; }

install_from_distribution() {
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
  if ! retry 3 apt_get update || ! retry 3 apt_get install -y --no-install-recommends "${packages[@]}"; then
    fail "Docker's engine could not be installed" \
      "see the messages above, or set hypha:hosts.${HOST_NAME}.docker to distribution"
  fi
}

main "$@" </dev/null
