import { readFacts } from "../../components/host/facts";
import { projectFile } from "../components/fixtures";
import { failure, Sandbox } from "./sandbox";

let box: Sandbox;
const script =
  projectFile("components/host/scripts/measure.sh") + projectFile("components/host/scripts/local.sh");
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => {
  box.remove();
});

describe("local.sh", () => {
  const docker = (version: string) =>
    box.stub(
      "docker",
      `case "$*" in
        version*) ${version} ;;
        *'json .Name'*) echo '"laptop"' ;;
        *'json .OperatingSystem'*) echo '"Debian GNU/Linux 12"' ;;
        *'json .KernelVersion'*) echo '"6.1"' ;;
        *'json .Architecture'*) echo '"x86_64"' ;;
        *NCPU*) echo 4 ;;
        *MemTotal*) echo 8589934592 ;;
        *DockerRootDir*) echo '${box.root}/var/lib/docker' ;;
      esac`,
    );
  const local = (verb: "up" | "down" = "up") =>
    box.bash(script, { DOCKER_HOST: "unix:///run/d.sock", PORTS: "" }, verb);

  test("prints the facts of an engine that answers", () => {
    docker("echo 20.10.24")
      .directory("var/lib/docker")
      .stub("df", "printf 'head\\n/dev/x 9 1 100 1%% /\\n'")
      .stub("date", "echo 2026-01-01T00:00:00Z");
    const { code, stdout, stderr } = local();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readFacts(stdout)).toEqual({
      ...{ hostname: "laptop", os: "Debian GNU/Linux 12", kernel: "6.1", architecture: "x86_64", cpus: 4 },
      ...{ memoryMiB: 8192, dataDirectory: `${box.root}/var/lib/docker`, diskMiB: 9, diskFreeMiB: 100 },
      ...{ disks: [], virtualisation: "local", address: "127.0.0.1", detectedAt: "2026-01-01T00:00:00Z" },
      ...{ publicAddresses: [], privateAddresses: [], overlayAddresses: [], warnings: [] },
      environment: {
        kind: "local",
        confidence: 1,
        because: ["it is the machine that runs Pulumi", "it has no public address"],
      },
    });
  });

  test("refuses an engine that does not answer, with its words, and an old one; down does nothing", () => {
    docker("echo 'Client: x' >&2; echo 'Cannot connect' >&2; exit 1");
    expect(local()).toMatchObject(
      failure(
        "no Docker engine answers at unix:///run/d.sock: Cannot connect",
        "start it (make up does this on Debian and Ubuntu), or set hypha:hosts.web1.socket",
      ),
    );
    docker("echo 19.03.1");
    expect(local()).toMatchObject(failure("Docker 19.03.1 is too old", "install Docker 20.10 or newer"));
    expect(local("down")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
