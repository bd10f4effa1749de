import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { projectFile } from "../components/fixtures";
import { facts, failure, Sandbox } from "./sandbox";

let box: Sandbox;
const prepare = (engine = "distribution") =>
  box.run("host/scripts/prepare.sh", { ENGINE: engine, DEPLOY_USER: "muser" });
/** Calls that change the host. */
const changes = () =>
  box
    .calls()
    .filter((call) => /^(useradd|usermod|apt-get|curl|systemctl restart|install)/.test(call))
    .map((call) => call.replaceAll(box.root, ""));
const apt = "apt-get -qq -o DPkg::Lock::Timeout=120";
const installed = `#!/bin/sh\nexit 0\n`;

/** A server where apt-get brings a working engine. */
beforeEach(() => {
  box = new Sandbox();
  box
    .file("etc/os-release", "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n")
    .file("root-home/.ssh/authorized_keys", "ssh-ed25519 AAAA root\n")
    .directory("muser-home")
    .directory("etc/apt/sources.list.d")
    .directory("etc/logrotate.d")
    .stub("id", `[[ -e ${box.root}/made-user ]]`)
    .stub("useradd", `: >${box.root}/made-user`)
    .stub("usermod")
    .stub(
      "getent",
      `[[ $2 == muser ]] && echo 'muser:x:1:1::${box.root}/muser-home:/bin/bash' || echo "$2:x:0:0::${box.root}/root-home:/bin/bash"`,
    )
    // The owner cannot be set here; everything else can.
    .stub(
      "install",
      `args=(); while (($#)); do case $1 in -o | -g) shift 2 ;; *) args+=("$1"); shift ;; esac; done
       [[ \${args[0]} == -d ]] && exec mkdir -p "\${args[-1]}"; exec cp "\${args[-2]}" "\${args[-1]}"`,
    )
    .stub("systemctl")
    .stub("logrotate")
    .stub("apt-cache", "exit 100")
    .stub("dpkg", "echo amd64")
    .stub("curl", 'for file in "$@"; do :; done; : >"${file}"')
    .stub(
      "apt-get",
      `[[ $* != *update ]] || : >${box.root}/lists
       [[ $* == *install* && $* == *docker* ]] && printf '${installed}' >${box.root}/bin/docker && chmod +x ${box.root}/bin/docker; exit 0`,
    );
});
afterEach(() => {
  box.remove();
});

test("a bare server gets the engine, its log limits, the account in the docker group, and root's keys", () => {
  expect(prepare()).toMatchObject({ code: 0, stdout: "" });
  expect(changes()).toEqual([
    `${apt} update`,
    `${apt} install -y --no-install-recommends docker.io iptables ca-certificates`,
    "install -d /etc/docker",
    "systemctl restart docker",
    "useradd --create-home --shell /bin/bash muser",
    "usermod --append --groups docker,systemd-journal muser",
    "install -d -m 0700 -o muser -g muser /muser-home/.ssh",
    "install -m 0600 -o muser -g muser /root-home/.ssh/authorized_keys /muser-home/.ssh/authorized_keys",
    "install -d -m 0750 -o root -g muser /var/log/hypha",
    "install -m 0660 -o root -g muser /dev/null /var/log/hypha/audit.log",
    "install -m 0644 /dev/stdin /etc/logrotate.d/hypha",
    "install -d -m 0755 /var/lib/hypha",
    "install -d -m 0771 -o root -g muser /var/lib/hypha/deployments",
  ]);
  expect(box.read("etc/logrotate.d/hypha")).toContain("create 0660 root muser\n");
  expect(JSON.parse(box.read("etc/docker/daemon.json"))).toEqual({
    ...{ "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "3" } },
  });
  expect(box.read("muser-home/.ssh/authorized_keys")).toBe("ssh-ed25519 AAAA root\n");
  expect((statSync(join(box.root, "muser-home")).mode & 0o777).toString(8)).toBe("750");
  expect(box.calls()).toContain("systemctl enable --quiet --now docker");
});

test("run again it installs nothing, restarts nothing and makes no second account", () => {
  prepare();
  const before = box.calls().length;
  expect(prepare()).toMatchObject({ code: 0, stderr: "" });
  const again = box.calls().slice(before);
  expect(again.filter((call) => /^(apt-get|useradd|systemctl restart|curl)/.test(call))).toEqual([]);
});

test("an audit log that is there keeps its lines, and logrotate is installed where it is missing", () => {
  box.file("var/log/hypha/audit.log", '{"when":"before"}\n').file("etc/logrotate.d/keep", "");
  rmSync(join(box.root, "bin/logrotate"));
  box.stub("docker").stub("apt-get", "((N > 1)) || exit 100");
  expect(prepare("present")).toMatchObject({ code: 0, stdout: "" });
  expect(changes().filter((call) => call.startsWith("apt-get"))).toEqual([
    `${apt} install -y --no-install-recommends logrotate`,
    `${apt} update`,
    `${apt} install -y --no-install-recommends logrotate`,
  ]);
  expect(box.read("var/log/hypha/audit.log")).toBe('{"when":"before"}\n');
});

test("an engine that is there is left as it is, its settings too", () => {
  box.stub("docker").file("etc/docker/daemon.json", '{"data-root":"/x"}');
  expect(prepare("present").code).toBe(0);
  expect(changes().filter((call) => !/^(user|install .*(muser|logrotate|lib.hypha))/.test(call))).toEqual([]);
  expect(box.read("etc/docker/daemon.json")).toBe('{"data-root":"/x"}');
});

/** A kernel with AppArmor, in a machine or, as it shows through, in a container. */
const apparmor = (container: boolean) =>
  box.directory("sys/kernel/security/apparmor").stub("systemd-detect-virt", `exit ${container ? 0 : 1}`);
const parser = () => changes().filter((call) => call.includes("apparmor"));

test("where the kernel has AppArmor its parser comes first, whoever brought the engine", () => {
  box.stub("docker");
  apparmor(false);
  expect(prepare("present")).toMatchObject({ code: 0, stdout: "" });
  expect(changes().slice(0, 1)).toEqual([`${apt} install -y --no-install-recommends apparmor`]);
  expect(box.calls()).toContain("systemd-detect-virt --quiet --container");
});

test("a parser that is there is not brought again, and in a container nobody wants it", () => {
  box.stub("docker");
  apparmor(false).stub("apparmor_parser");
  expect(prepare("present").code).toBe(0);
  rmSync(join(box.root, "bin/apparmor_parser"));
  apparmor(true);
  expect(prepare("present").code).toBe(0);
  expect(parser()).toEqual([]);
});

test("without its parser nothing goes on", () => {
  apparmor(false).stub("apt-get", "exit 100");
  expect(prepare()).toMatchObject(
    failure("apparmor could not be installed", "see the messages above; try: apt-get install apparmor"),
  );
  expect(box.calls().filter((call) => call.startsWith("useradd"))).toEqual([]);
});

test("where the distribution has the client in a package of its own, it comes along", () => {
  // A bare server has no package lists before the first update.
  box.stub("apt-cache", `[[ $* == 'show docker-cli' && -e ${box.root}/lists ]]`);
  expect(prepare().code).toBe(0);
  expect(changes()).toContain(
    `${apt} install -y --no-install-recommends docker.io iptables ca-certificates docker-cli`,
  );
});

test("Docker's repository is added with its key, for the system's release", () => {
  expect(prepare("docker").code).toBe(0);
  expect(changes().slice(0, 6)).toEqual([
    `${apt} update`,
    `${apt} install -y --no-install-recommends ca-certificates curl`,
    "install -d -m 0755 /etc/apt/keyrings",
    "curl -fsSL --connect-timeout 15 --speed-limit 1024 --speed-time 60 https://download.docker.com/linux/debian/gpg -o /etc/apt/keyrings/docker.asc",
    `${apt} update`,
    `${apt} install -y --no-install-recommends docker-ce docker-ce-cli containerd.io`,
  ]);
  expect(box.read("etc/apt/sources.list.d/docker.list").replaceAll(box.root, "")).toBe(
    "deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable\n",
  );
});

test("a mirror that fails twice is tried again", () => {
  box.stub(
    "apt-get",
    `((N > 2)) || exit 100; printf '${installed}' >${box.root}/bin/docker && chmod +x ${box.root}/bin/docker`,
  );
  expect(prepare().code).toBe(0);
  expect(box.calls().filter((call) => call.startsWith("sleep"))).toEqual(["sleep 2", "sleep 4"]);
});

test("each failure says what to do", () => {
  box.stub("apt-get", "[[ $* == *update ]]");
  expect(prepare()).toMatchObject(
    failure(
      "the distribution's Docker engine could not be installed",
      "see the messages above; try: apt-get install docker.io",
    ),
  );
  box.stub("apt-get").stub("curl", "exit 6");
  expect(prepare("docker")).toMatchObject(
    failure("download.docker.com cannot be reached", "set hypha:hosts.web1.docker to distribution"),
  );
});

test("an engine that never answers, and an account nobody could log in to, are failures", () => {
  // The minute that the script waits is over at once.
  const text = projectFile("components", "host/scripts/prepare.sh").replace("wait_for 60", "wait_for 0");
  box.stub("docker", "exit 1");
  expect(box.bash(text, { ENGINE: "present", DEPLOY_USER: "muser" })).toMatchObject(
    failure("the Docker engine does not answer", "look at: journalctl -u docker -n 50"),
  );
  box.stub("docker").file("root-home/.ssh/authorized_keys", "");
  expect(prepare("present")).toMatchObject(
    failure(
      `${box.root}/root-home/.ssh/authorized_keys is missing or empty`,
      "log in with a key that stands in it",
    ),
  );
});

test("down leaves the account and the engine where they are", () => {
  expect(
    box.run("host/scripts/prepare.sh", { ENGINE: "docker", DEPLOY_USER: "muser" }, "down"),
  ).toMatchObject({ code: 0 });
  expect(box.calls()).toEqual([]);
});

test("check finds what up left in order, and each thing that was changed since, and changes nothing", () => {
  const check = () =>
    facts(box.run("host/scripts/prepare.sh", { ENGINE: "distribution", DEPLOY_USER: "muser" }, "check"));
  const installedState = (body: string) => box.stub("dpkg-query", body);
  prepare();
  installedState("echo installed")
    .stub("systemctl", "case $3 in UnitFileState) echo enabled ;; ActiveState) echo active ;; esac")
    .stub(
      "getent",
      `case $* in "group docker") echo docker:x:9:muser ;; "group systemd-journal") echo systemd-journal:x:8:muser ;; *muser) echo muser:x:1:1::${box.root}/muser-home:/bin/bash ;;
       *) echo "root:x:0:0::${box.root}/root-home:/bin/bash" ;; esac`,
    )
    .bash(
      "chmod 750 muser-home var/log/hypha; chmod 771 var/lib/hypha/deployments; chmod 644 etc/logrotate.d/hypha; chmod 700 muser-home/.ssh; chmod 600 muser-home/.ssh/authorized_keys",
    );
  const before = changes();
  expect(check()).toEqual({
    "package docker.io": "ok",
    "package iptables": "ok",
    "package ca-certificates": "ok",
    "unit docker.service": "ok",
    "account muser": "ok",
    "group docker muser": "ok",
    "group systemd-journal muser": "ok",
    "directory /muser-home": "ok",
    "directory /muser-home/.ssh": "ok",
    "package logrotate": "ok",
    "directory /var/log/hypha": "ok",
    "audit log /var/log/hypha/audit.log": "ok",
    "file /etc/logrotate.d/hypha": "ok",
    "directory /var/lib/hypha/deployments": "ok",
    "file /muser-home/.ssh/authorized_keys": "ok",
  });
  box
    .file("muser-home/.ssh/authorized_keys", "ssh-ed25519 BBBB stranger\n")
    .stub("getent", `[[ $1 == group ]] || echo "$2:x:0:0::${box.root}/$2-home:/bin/bash"`);
  box.bash("rm etc/docker/daemon.json");
  installedState("[[ $* == *iptables ]] || echo installed");
  expect(check()).toMatchObject({
    "package iptables": "+installed\n",
    "file /etc/docker/daemon.json": expect.stringContaining("+mode 644, owner root:root\n") as string,
    "group docker muser": "+member\n",
    "file /muser-home/.ssh/authorized_keys":
      " mode 600, owner muser:muser\n-ssh-ed25519 BBBB stranger\n+ssh-ed25519 AAAA root\n",
  });
  expect(changes()).toEqual(before);
  expect(prepare().code).toBe(0);
  expect(changes()).toContain(`${apt} install -y --no-install-recommends docker.io iptables ca-certificates`);
});

test("where the kernel has AppArmor, its parser is looked for", () => {
  apparmor(false).stub("docker").stub("dpkg-query", "exit 1");
  expect(
    facts(box.run("host/scripts/prepare.sh", { ENGINE: "distribution", DEPLOY_USER: "muser" }, "check")),
  ).toMatchObject({ "package apparmor": "+installed\n" });
});

test("an engine from elsewhere has no packages to check", () => {
  box.stub("docker").stub("dpkg-query", "exit 1");
  expect(
    Object.keys(
      facts(box.run("host/scripts/prepare.sh", { ENGINE: "distribution", DEPLOY_USER: "muser" }, "check")),
    ).filter((name) => /^package (docker|iptables)/.test(name)),
  ).toEqual([]);
});
