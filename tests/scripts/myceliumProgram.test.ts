import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { facts, failure, Sandbox } from "./sandbox";

let box: Sandbox;
const library = "usr/local/lib/hypha";
// printf abc | sha256sum
const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const place = `${library}/mycelium-ba7816bf8f01`;
const file = {
  ...{ PROGRAM: "ba7816bf8f01", PROGRAM_FILE: "given", PROGRAM_URL: "", PROGRAM_SHA256: sum },
  ...{ ARCHITECTURE: "x86_64", TARGET: "-p\n22\nroot@192.0.2.10", ELEVATE: "" },
};
const program = (change: Partial<typeof file> = {}) =>
  box.run("mycelium/scripts/program.sh", { ...file, ...change });
const called = (prefix: string) => box.calls().filter((call) => call.startsWith(prefix));

beforeEach(() => {
  box = new Sandbox();
  box.directory(library).file("given", "abc").stub("ssh", 'bash -c "${@: -1}"').stub("sudo", 'shift; "$@"');
});
afterEach(() => {
  box.remove();
});

test("is sent where the host has none, whole, executable and under its name; and only once", () => {
  const run = program();
  expect(run).toEqual({ code: 0, stdout: "", stderr: "web1: sending mycelium, 0 KiB\n" });
  expect(box.read(place)).toBe("abc");
  expect(statSync(join(box.root, place)).mode & 0o777).toBe(0o755);
  expect(readdirSync(join(box.root, library)).filter((name) => name.endsWith(".part"))).toEqual([]);
  expect(program()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(called("ssh")).toHaveLength(3);
});

test("check, on the host itself, sees one that is missing or was changed, and up sends it again", () => {
  const check = (change: Partial<typeof file> = {}) =>
    facts(box.run("mycelium/scripts/program.sh", { ...file, ...change }, "check"))[`program /${place}`];
  expect(check()).toBe(`+executable, sha256 ${sum}\n`);
  program();
  expect(check()).toBe("ok");
  box.file(place, "another");
  expect(check()).toMatch(/^-executable, sha256 [0-9a-f]{64}\n\+executable, sha256 ba78/);
  // The sum of a release is its archive's.
  expect(check({ PROGRAM_FILE: "", PROGRAM_URL: "https://x" })).toBe("ok");
  expect(program().code).toBe(0);
  expect(check()).toBe("ok");
});

test("a login that is not root goes through sudo", () => {
  expect(program({ ELEVATE: "sudo -n" }).code).toBe(0);
  expect(called("ssh -p 22 root@192.0.2.10 -- 'sudo' '-n' 'bash' '-c' 'state_of ")).toHaveLength(1);
  expect(called("ssh -p 22 root@192.0.2.10 -- 'sudo' '-n' 'bash' '-c' 'receive ")).toHaveLength(1);
  expect(box.read(place)).toBe("abc");
});

test("a connection that breaks is tried again; what arrived in part is never the program", () => {
  box.stub("ssh", `if ((N == 2)); then head -c 5 | bash -c "\${@: -1}"; else bash -c "\${@: -1}"; fi`);
  expect(program()).toMatchObject({ code: 0 });
  expect(called("sleep")).toEqual(["sleep 2"]);
  expect(box.read(place)).toBe("abc");
  box.stub("ssh", `if ((N == 2)); then echo x | gzip | bash -c "\${@: -1}"; else bash -c "\${@: -1}"; fi`);
  rmSync(join(box.root, place));
  rmSync(join(box.root, "ssh.count"));
  expect(program()).toMatchObject({ code: 0 });
  expect(box.read(place)).toBe("abc");
  box.stub("ssh", "exit 255").file("other", "");
  expect(program({ PROGRAM: "ba7816bf8f02" })).toMatchObject(
    failure("mycelium could not be sent", "see the message above; is there enough disk on the host?"),
  );
});

test("a file that is gone, or has changed since it was looked at, is a failure", () => {
  expect(program({ PROGRAM_FILE: "gone" })).toMatchObject(
    failure("gone cannot be read", "correct hypha:mycelium.source.path"),
  );
  box.file("given", "abd");
  expect(program()).toMatchObject(
    failure("given is not what it was when this deployment began", "run it again"),
  );
  expect(box.has(place)).toBe(false);
});

describe("of a release", () => {
  const release = { PROGRAM_FILE: "", PROGRAM_URL: "https://x/a.tar.gz", PROGRAM: "0123456789ab" };
  const archived = () => {
    box.bash("mkdir -p make && printf abc >make/mycelium && tar -czf archive.tar.gz -C make mycelium");
    return box.bash("sha256sum <archive.tar.gz | cut -d ' ' -f 1").stdout.trim();
  };
  beforeEach(() => {
    box.stub("curl", `while [[ $1 != -o ]]; do shift; done; cp ${box.root}/archive.tar.gz "$2"`);
  });

  test("is downloaded once, checked, and unpacked", () => {
    const PROGRAM_SHA256 = archived();
    expect(program({ ...release, PROGRAM_SHA256 })).toMatchObject({ code: 0 });
    expect(box.read(`${library}/mycelium-0123456789ab`)).toBe("abc");
    expect(program({ ...release, PROGRAM_SHA256, PROGRAM: "0123456789ac" }).code).toBe(0);
    expect(called("curl")).toHaveLength(1);
  });

  test("with another SHA-256 is a failure and is not kept", () => {
    archived();
    for (const downloads of [1, 2]) {
      expect(program(release)).toMatchObject(
        failure(
          "https://x/a.tar.gz has another SHA-256 than hypha:mycelium.source.sha256.x86_64",
          "find out why before you correct it",
        ),
      );
      expect(called("curl")).toHaveLength(downloads);
    }
  });

  test("for an architecture nobody gave a SHA-256 for is a failure before any contact", () => {
    expect(program({ ...release, PROGRAM: "", PROGRAM_SHA256: "", ARCHITECTURE: "aarch64" })).toMatchObject(
      failure(
        "is aarch64, and no SHA-256 of the release is known for that",
        "add hypha:mycelium.source.sha256.aarch64",
      ),
    );
    expect(called("ssh")).toEqual([]);
  });
});
