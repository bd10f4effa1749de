import { spawn } from "child_process";
import { Checkout, Finished } from "./checkout";

const debian = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n';

describe("ops/engine.sh", () => {
  let checkout: Checkout;

  beforeEach(() => {
    checkout = new Checkout();
    checkout.write("os-release", debian);
    checkout.stub("id", 'case "$1" in -u) echo "${FAKE_UID:-0}" ;; *) echo operator ;; esac');
    checkout.stub("uname", 'echo "${FAKE_SYSTEM:-Linux}"');
    checkout.stub(
      "docker",
      '[ -e engine ] && { cat engine; exit; }; echo "${FAKE_ERROR:-no daemon}" >&2; exit 1',
    );
    checkout.stub("apt-get");
    checkout.stub("dockerd", "echo 20.10.24 >engine");
    checkout.stub("systemctl", '[ "$1" = enable ] && echo 26.1.5 >engine');
  });
  afterEach(() => {
    checkout.remove();
  });

  function engine(args: string[] = [], env: NodeJS.ProcessEnv = {}, hide: string[] = []): Finished {
    const own = {
      HYPHA_OS_RELEASE: "os-release",
      HYPHA_SYSTEMD_DIR: "nowhere",
      HYPHA_DOCKER_PIDFILE: "docker.pid",
      HYPHA_ENGINE_SECONDS: "5",
    };
    return checkout.run("bash", ["ops/engine.sh", ...args], { ...own, ...env }, hide);
  }
  const installs = () => checkout.called().filter((call) => /^(apt-get|dockerd|systemctl)/.test(call));

  test("uses the engine that answers and touches nothing", () => {
    checkout.write("engine", "28.0.1\n");
    const result = engine();
    expect(result.status).toBe(0);
    expect(result.stdout).toContain("Docker engine 28.0.1");
    expect(installs()).toEqual([]);
  });

  test.each(["19.03.15", "18.09.1", "20.9.0"])("refuses engine %s, which is too old", (version) => {
    checkout.write("engine", `${version}\n`);
    const result = engine();
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(`is ${version}; Hypha needs 20.10 or newer`);
  });

  test("without a terminal and without --yes it says what to run", () => {
    const result = engine();
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("ops/engine.sh --yes");
    expect(installs()).toEqual([]);
  });

  test.each([
    ["with --yes", ["--yes"], {}],
    ["in CI", [], { CI: "true" }],
  ])("%s, without systemd, starts dockerd on its own and keeps its log", (_, args, env) => {
    const result = engine(args, env);
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    expect(result.stdout).toContain(`${checkout.data}/dockerd.log`);
    expect(installs()).toEqual(["dockerd -H unix:///var/run/docker.sock"]);
    expect(checkout.run("cat", [`${checkout.data}/dockerd.pid`]).stdout).toMatch(/^\d+\n$/);
  });

  test("does not start a second dockerd beside one that is still starting", () => {
    // A process of that name: what a shell calls itself after writing to its own comm.
    const dockerd = spawn("bash", ["-c", "printf dockerd >/proc/$$/comm && read -r"]);
    checkout.write("docker.pid", String(dockerd.pid));
    const comm = `/proc/${dockerd.pid}/comm`;
    expect(checkout.run("bash", ["-c", `until grep -q dockerd ${comm}; do :; done`]).status).toBe(0);
    checkout.stub("docker", "[ -e asked ] && { echo 20.10.24; exit; }; touch asked; exit 1");
    expect(engine(["--yes"]).stdout).toContain("dockerd runs already");
    expect(installs()).toEqual([]);
    dockerd.kill();
  });

  test.each([
    ["nobody has", "999999999"],
    ["another process has now", String(process.pid)],
  ])("is not held up by a pid file whose number %s", (_, pid) => {
    checkout.write("docker.pid", pid);
    expect(engine(["--yes"]).status).toBe(0);
    expect(checkout.run("ls", ["docker.pid"]).status).not.toBe(0);
  });

  test("with systemd, enables the service", () => {
    const result = engine(["--yes"], { HYPHA_SYSTEMD_DIR: "." });
    expect(result.stdout).toContain("Docker engine 26.1.5");
    expect(installs()).toEqual(["systemctl enable --now docker"]);
  });

  test.each([
    ["Debian 13, where the client is a package of its own", "exit 0", " docker-cli"],
    ["Debian 12 and Ubuntu, where it is not", "exit 100", ""],
  ])("installs what is missing on %s", (_, aptCache, client) => {
    checkout.stub("apt-cache", aptCache);
    checkout.run("rm", ["bin/docker", "bin/dockerd"]);
    const result = engine(["--yes"], { HYPHA_ENGINE_SECONDS: "1" }, ["docker", "dockerd"]);
    expect(installs()).toContain(
      `apt-get install -y -qq --no-install-recommends docker.io iptables${client}`,
    );
    // The stubbed apt-get installs nothing, so nothing answers in the end, and that is said.
    expect(result.status).not.toBe(0);
  });

  test.each<[string, NodeJS.ProcessEnv, string]>([
    ["macOS", { FAKE_SYSTEM: "Darwin" }, "brew install"],
    ["an operator without root", { FAKE_UID: "1000" }, "sudo ops/engine.sh"],
    [
      "a user outside the docker group",
      { FAKE_UID: "1000", FAKE_ERROR: "permission denied while trying to connect" },
      "sudo usermod -aG docker operator",
    ],
    ["a DOCKER_HOST that does not answer", { DOCKER_HOST: "tcp://10.0.0.9:2375" }, "unset DOCKER_HOST"],
  ])("advises %s and installs nothing, even when agreed", (_, env, advice) => {
    const result = engine(["--yes"], env);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(advice);
    expect(installs()).toEqual([]);
  });

  test("advises another distribution by its name", () => {
    checkout.write("os-release", 'ID=fedora\nPRETTY_NAME="Fedora Linux 43"\n');
    const result = engine(["--yes"]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("Fedora Linux 43");
    expect(result.stderr).toContain("https://docs.docker.com/engine/install/");
    expect(installs()).toEqual([]);
  });
});
