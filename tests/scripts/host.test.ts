import { readFacts } from "../../components/host/facts";
import { projectFile } from "../components/fixtures";
import { failure, Sandbox } from "./sandbox";

let box: Sandbox;
/** As it is sent: after the functions that it measures with. */
const script =
  projectFile("components/host/scripts/measure.sh") + projectFile("components/host/scripts/preflight.sh");
/** Two disks, and what is none, as lsblk prints them. */
const lsblk = `cat <<'END'
{
   "blockdevices": [
      {"name": "zram0", "size": 0, "rota": false, "type": "disk"},
      {"name": "sda", "size": 107374182400, "rota": true, "type": "disk"},
      {"name": "nvme0n1", "size": 1000204886016, "rota": false, "type": "disk"}
   ]
}
END`;
const disks = [
  { device: "sda", sizeMiB: 102400, rotational: true },
  { device: "nvme0n1", sizeMiB: 953869, rotational: false },
];
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => {
  box.remove();
});

describe("preflight.sh", () => {
  const variables = {
    ...{ ENGINE: "distribution", PORTS: "80 443" },
    ...{ MINIMUM_CPUS: "1", MINIMUM_MEMORY_MIB: "1024", MINIMUM_DISK_MIB: "5120" },
    ...{ RECOMMENDED_CPUS: "4", RECOMMENDED_MEMORY_MIB: "8192", RECOMMENDED_DISK_MIB: "51200" },
  };
  const preflight = (change: Record<string, string> = {}) => box.bash(script, { ...variables, ...change });
  const now = Math.floor(Date.parse("2026-01-01T00:00:00Z") / 1000);
  const clock = (seconds: number) =>
    `case $1 in -d) echo ${now} ;; -u) echo 2026-01-01T00:00:00Z ;; *) echo ${seconds} ;; esac`;
  const route = "[[ $* != *192.0.2.1* ]] || echo '192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.7 uid 0'\n";
  const addresses = `[[ $* != *addr* ]] || cat <<'END'
2: eth0    inet 10.0.0.7/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet6 2a01:4f8::7/64 scope global \\       valid_lft forever preferred_lft forever
2: eth0    inet6 2a01:4f8::aaaa/64 scope global temporary dynamic \\       valid_lft 1000sec preferred_lft 1000sec
3: eth1    inet 203.0.113.7/32 scope global eth1\\       valid_lft forever preferred_lft forever
4: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\\       valid_lft forever
5: docker_gwbridge    inet 172.18.0.1/16 scope global docker_gwbridge\\       valid_lft forever
6: br-0123    inet 172.19.0.1/16 scope global br-0123\\       valid_lft forever
7: mycelium0    inet6 400::1/7 scope global \\       valid_lft forever
8: zos0    inet6 5ff:1::2/64 scope global \\       valid_lft forever
END`;

  /** A server that passes, with all that is recommended. */
  beforeEach(() => {
    box
      .file("etc/os-release", 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
      .file("proc/meminfo", "MemTotal:        16777216 kB\nMemFree: 1 kB\n")
      .file("etc/apt/sources.list", "deb http://mirror.example/debian bookworm main\n")
      .file("sys/class/dmi/id/sys_vendor", "Hetzner\n")
      .file("sys/class/dmi/id/product_name", 'vServer "2\\1"\n')
      .file("run/cloud-init/cloud-id", "hetzner\n")
      .file("proc/mounts", "/dev/sda1 / ext4 rw 0 0\n")
      .directory("run/systemd/system")
      .directory("var/lib/docker")
      .stub("id", "case $1 in -u) echo 0 ;; -un) echo root ;; esac")
      .stub("uname", "case $1 in -m) echo x86_64 ;; -r) echo 6.1.0-31-amd64 ;; esac")
      .stub("nproc", "echo 8")
      .stub("df", "printf 'Filesystem 1M Used Available\\n/dev/x 204800 1 102400 1%% /\\n'")
      .stub("ss")
      .stub("ip", `${route}${addresses}`)
      .stub("lsblk", lsblk)
      .stub("hostname", 'echo "web1.example"')
      .stub("systemd-detect-virt", "echo kvm")
      .stub("timeout", "echo 'Thu, 01 Jan 2026 00:00:00 GMT'")
      .stub("date", clock(now));
  });

  test("prints the facts of a server that passes as one line of JSON, and changes nothing", () => {
    const { code, stdout, stderr } = preflight();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toHaveLength(2);
    const { dataDirectory, ...rest } = readFacts(stdout);
    expect(dataDirectory.replace(box.root, "")).toBe("/var/lib/docker");
    expect(rest).toEqual({
      ...{ hostname: "web1.example", os: "debian 12", kernel: "6.1.0-31-amd64", architecture: "x86_64" },
      ...{ cpus: 8, memoryMiB: 16384, diskMiB: 204800, diskFreeMiB: 102400, disks },
      ...{ virtualisation: "kvm", address: "10.0.0.7", privateAddresses: ["10.0.0.7"] },
      ...{ publicAddresses: ["203.0.113.7", "2a01:4f8::7"], overlayAddresses: ["5ff:1::2"] },
      ...{ detectedAt: "2026-01-01T00:00:00Z", warnings: [] },
      environment: {
        ...{ kind: "cloud", confidence: 0.4 },
        because: [
          "its hardware says Hetzner",
          "cloud-init recognised hetzner",
          "it is virtual and has a public address",
        ],
      },
    });
    const called = new Set(box.calls().map((call) => call.split(" ")[0]));
    expect([...called].sort()).toEqual(
      ["date", "df", "hostname", "id", "ip", "nproc", "ss", "systemd-detect-virt", "timeout", "uname"]
        .concat("lsblk")
        .sort(),
    );
  });

  test.each(["debian 13", "ubuntu 22.04", "ubuntu 24.04"])("takes %s", (os) => {
    const [id = "", version = ""] = os.split(" ");
    box.file("etc/os-release", `ID=${id}\nVERSION_ID="${version}"\n`);
    expect(JSON.parse(preflight().stdout)).toMatchObject({ os });
  });

  test("takes an ARM server, one with an IPv6 address only, and bare metal", () => {
    box
      .stub("uname", "case $1 in -m) echo aarch64 ;; -r) echo 6 ;; esac")
      .stub(
        "ip",
        "[[ $* != *2001:db8::1* ]] || echo '2001:db8::1 via fe80::1 dev eth0 src 2001:db8::7 metric 1'",
      )
      .stub("systemd-detect-virt", "echo none; exit 1");
    const { code, stdout } = preflight();
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ architecture: "aarch64", address: "2001:db8::7", virtualisation: "none" },
    });
  });

  const systems = "use Debian 12 or 13, or Ubuntu 22.04 or 24.04";
  test.each<[string, () => unknown, Record<string, string>, string, string]>([
    [
      "another login than root",
      () => box.stub("id", "case $1 in -u) echo 1000 ;; -un) echo debian ;; esac"),
      ...[{}, "debian is not root", "let hypha:hosts.web1.user be root or have passwordless sudo"],
    ] as never,
    [
      "another system",
      () => box.file("etc/os-release", "ID=fedora\nVERSION_ID=40\n"),
      {},
      "runs fedora 40, which is not supported",
      systems,
    ],
    [
      "an old system",
      () => box.file("etc/os-release", 'ID=debian\nVERSION_ID="11"\n'),
      {},
      "runs debian 11, which is not supported",
      systems,
    ],
    [
      "a rolling system",
      () => box.file("etc/os-release", "ID=arch\n"),
      {},
      "runs arch , which is not supported",
      systems,
    ],
    [
      "another architecture",
      () => box.stub("uname", "case $1 in -m) echo riscv64 ;; -r) echo 6 ;; esac"),
      ...[{}, "is riscv64, which is not supported", "use an x86_64 or aarch64 server"],
    ] as never,
    [
      "no engine where it should be present",
      () => box.stub("docker", "exit 1"),
      ...[
        { ENGINE: "present" },
        "has no running Docker engine",
        "install one, or set hypha:hosts.web1.docker to distribution",
      ],
    ] as never,
    [
      "too few CPUs",
      () => 0,
      { MINIMUM_CPUS: "9" },
      "has 8 CPUs, at least 9 are needed",
      "use a larger server, or lower hypha:hosts.web1.minimum.cpus",
    ],
    [
      "too little memory",
      () => box.file("proc/meminfo", "MemTotal: 943103 kB\n"),
      {},
      "has 920 MiB of memory, at least 1024 are needed",
      "use a larger server, or lower hypha:hosts.web1.minimum.memoryMiB",
    ],
    [
      "too little disk",
      () => box.stub("df", "printf 'head\\n/dev/x 9 1 5119 1%% /\\n'"),
      {},
      "has 5119 MiB free for /var/lib/docker, at least 5120 are needed",
      "free or add disk space, or lower hypha:hosts.web1.minimum.diskGiB",
    ],
    [
      "a clock that is ahead",
      () => box.stub("date", clock(now + 301)),
      ...[{}, "clock is 301 s off", "set it, for example with: timedatectl set-ntp true"],
    ] as never,
    [
      "a clock that is behind",
      () => box.stub("date", clock(now - 4000)),
      ...[{}, "clock is -4000 s off", "set it, for example with: timedatectl set-ntp true"],
    ] as never,
    [
      "a port in use",
      () => box.stub("ss", `[[ $* == *:443 ]] && echo 'LISTEN users:(("apache2",pid=1,fd=4))'; exit 0`),
      ...[{}, "port 443 is in use by apache2", "stop it, or set another port under hypha:edge.ports"],
    ] as never,
  ])("refuses %s, and prints no facts", (_, arrange, change, what, fix) => {
    arrange();
    const result = preflight(change);
    // Paths are moved below the sandbox; the message names the host's own.
    expect({ ...result, stderr: result.stderr.replaceAll(box.root, "") }).toMatchObject(failure(what, fix));
    expect(result.stdout).toBe("");
  });

  test("refuses a server without os-release and one without systemd", () => {
    const bare = new Sandbox().stub("id", "echo 0");
    const result = bare.bash(script, variables);
    expect({ ...result, stderr: result.stderr.replaceAll(bare.root, "") }).toMatchObject(
      failure("has no /etc/os-release", systems),
    );
    bare.file("etc/os-release", "ID=debian\nVERSION_ID=12\n").stub("uname", "echo x86_64");
    expect(bare.bash(script, variables)).toMatchObject(
      failure("does not run systemd", "use a server that boots with systemd"),
    );
    bare.remove();
  });

  test("warns of what is below the recommended, in words and in the facts", () => {
    box.stub("nproc", "echo 2").file("proc/meminfo", "MemTotal: 2097152 kB\n");
    const { code, stdout, stderr } = preflight({ RECOMMENDED_DISK_MIB: "204800" });
    const warnings = [
      "2 CPUs, 4 are recommended",
      "2048 MiB of memory, 8192 are recommended",
      "102400 MiB of disk free, 204800 are recommended",
    ];
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ cpus: 2, warnings });
    expect(stderr).toBe(warnings.map((text) => `web1: warning: ${text}\n`).join(""));
  });

  test("exactly the minimum and a clock 300 s off will do; no mirror is a warning", () => {
    box.stub("date", clock(now + 300));
    expect(
      preflight({ MINIMUM_CPUS: "8", MINIMUM_MEMORY_MIB: "16384", MINIMUM_DISK_MIB: "102400" }).code,
    ).toBe(0);
    box.stub("timeout", "exit 124");
    expect(JSON.parse(preflight().stdout)).toMatchObject({
      warnings: ["the clock could not be compared: no package mirror answered by HTTP"],
    });
  });

  test("refuses a kernel that cannot encrypt only where it must", () => {
    expect(preflight().code).toBe(0);
    const kernels = { "esp4|xt_bpf": "", "esp4|xt_u32": "", xt_bpf: "esp4", none: "esp4 xt_bpf" };
    for (const [modules, missing] of Object.entries(kernels)) {
      box.stub("modprobe", `[[ $* =~ ^--dry-run\\ --quiet\\ (${modules})$ ]]`);
      const refused = `has a kernel without ${missing}, which encrypts what services say between hosts`;
      expect(preflight({ ENCRYPTED: "yes" })).toMatchObject(
        missing === "" ? { code: 0 } : failure(refused, "boot the distribution's own kernel"),
      );
    }
  });

  test("where the engine keeps its data elsewhere, that place is measured", () => {
    box
      .directory("srv/docker")
      .stub("docker", `echo ${box.root}/srv/docker`)
      .stub("df", "[[ $* == *srv/docker ]] && printf 'head\\n/dev/x 9 1 5119 1%% /\\n'");
    const { code, stderr } = preflight();
    expect(code).toBe(1);
    expect(stderr).toContain(`has 5119 MiB free for ${box.root}/srv/docker, at least 5120 are needed`);
  });

  test("without lsblk, and with one that fails, there are no disks to tell of", () => {
    for (const body of ["exit 1", "true"]) {
      expect(readFacts((box.stub("lsblk", body), preflight()).stdout).disks).toEqual([]);
    }
  });

  test("tells where it runs by its own files: a VM of the grid", () => {
    box
      .file("sys/class/dmi/id/sys_vendor", "Cloud Hypervisor\n")
      .file("proc/mounts", "/dev/root / virtiofs rw 0 0\n/dev/vda /data btrfs rw 0 0\n")
      .file("proc/1/comm", "systemd\n")
      .file("run/cloud-init/cloud-id", "nocloud\n");
    const indicators = () => (JSON.parse(preflight().stdout) as { indicators: object }).indicators;
    expect(indicators()).toEqual({
      ...{ vendor: "Cloud Hypervisor", product: 'vServer "2\\1"', assetTag: "" },
      ...{ rootFileSystem: "virtiofs", cloudId: "nocloud", zinit: false },
    });
    box.directory("etc/zinit");
    expect(indicators()).toMatchObject({ zinit: true });
  });

  test("down looks at nothing", () => {
    expect(box.bash(script, variables, "down")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(box.calls()).toEqual([]);
  });
});
