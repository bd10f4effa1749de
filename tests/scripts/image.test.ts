import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withEngines } from "./engines";
import { failure, Sandbox } from "./sandbox";

const reference = "hypha-test-images/web:0123456789ab";
const ssh = ["-o", "KnownHostsCommand=/bin/echo 192.0.2.10 ssh-ed25519 AAAA", "-p", "22", "muser@192.0.2.10"];
let box: Sandbox;

beforeEach(() => {
  box = withEngines(new Sandbox(), reference)
    .file("images/web/Dockerfile", "FROM scratch\n")
    .file("images/web/conf/a.conf", "a\n")
    .file("usr/local/share/ca-certificates/corp.crt", "CA\n");
});
afterEach(() => {
  box.remove();
});

const variables = {
  ...{ REFERENCE: reference, CONTEXT: "images/web", BASE: "debian:x", BUILD_ON: "local", TARGET: "" },
  BUILD_ARGS: "BASE=debian:x\nPACKAGES=",
};
const image = (change: Record<string, string> = {}, verb: "up" | "down" = "up") =>
  box.run("images/scripts/image.sh", { ...variables, ...change }, verb);
const remote = { TARGET: ssh.join("\n") };
const called = (prefix: string) => box.calls().filter((call) => call.startsWith(prefix));
const have = (at: "here" | "target", name = reference, id = "sha256:there") =>
  box.file(`images-${at}`, `${name} ${id}\n`);

/** The files of the context that the engine was sent, as tar lists them. */
function context(): Record<string, string> {
  const list = spawnSync("tar", ["-tf", join(box.root, "context.tar")], { encoding: "utf8" }).stdout;
  const files = list.split("\n").filter((file) => file !== "" && !file.endsWith("/"));
  return Object.fromEntries(
    files.map((file) => [
      file.replace("./", ""),
      spawnSync("tar", ["-xOf", join(box.root, "context.tar"), file], { encoding: "utf8" }).stdout,
    ]),
  );
}
const plain = { Dockerfile: "FROM scratch\n", "conf/a.conf": "a\n", ".ca/.keep": "", ".ca/corp.crt": "CA\n" };

describe("up", () => {
  test.each([
    ["here", {}],
    ["target", remote],
  ] as const)("where the engine (%s) has the image, its id is printed and nothing is built", (at, change) => {
    have(at);
    expect(image(change)).toEqual({ code: 0, stdout: "sha256:there\n", stderr: "" });
    expect(called("docker")).toEqual([`docker image inspect --format={{.Id}} ${reference}`]);
  });

  test("builds here from the whole context and the machine's CAs, and prints the id alone", () => {
    const { code, stdout, stderr } = image();
    expect({ code, stdout }).toEqual({ code: 0, stdout: "sha256:built\n" });
    expect(stderr).toContain(`web1: building ${reference}\n`);
    expect(stderr).toContain("Successfully built");
    expect(context()).toEqual(plain);
    expect(box.read("build-args").trimEnd().split("\n")).toEqual([
      ...["build", "--rm", "--tag", reference, "--label", "hypha.image=hypha-test-images/web"],
      ...["--build-arg", "BASE=debian:x", "--build-arg", "PACKAGES=", "-"],
    ]);
    expect(called("ssh")).toEqual([]);
  });

  test("leaves no working directory behind, whether it went well or not", () => {
    image();
    box.file("images-here", "").file("build-fails", "");
    image();
    image({ APP_GIT_URL: "/none", APP_GIT_REF: "v1", APP_GIT_BUILD: "true", APP_GIT_OUTPUT: "." });
    expect(spawnSync("ls", [join(box.root, "tmp")], { encoding: "utf8" }).stdout).toBe("");
  });

  test("a value with blanks, quotes and a star is one argument, here and through ssh", () => {
    const odd = `PACKAGES=python3 "x" 'y' * $HOME`;
    for (const change of [{}, { ...remote, BUILD_ON: "target" }]) {
      have("target", "debian:x").file("images-here", "");
      expect(image({ BUILD_ARGS: `BASE=debian:x\n${odd}`, ...change }).code).toBe(0);
      expect(box.read("build-args").split("\n").slice(6, 10)).toEqual([
        "--build-arg",
        "BASE=debian:x",
        "--build-arg",
        odd,
      ]);
    }
  });

  test("builds here and sends it; what is here already is only sent", () => {
    expect(image(remote)).toMatchObject({ code: 0, stdout: "sha256:built\n" });
    expect(box.read("images-target")).toContain(reference);
    box.file("images-target", "");
    const before = called("docker build").length;
    const { code, stderr } = image(remote);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `web1: sending ${reference}, 3 MiB\n` });
    expect(called("docker build")).toHaveLength(before);
    // Options of ssh come in one piece each.
    expect(called("ssh").at(-1)).toBe(
      `ssh ${ssh.join(" ")} -- docker image inspect --format={{.Id}} ${reference}`,
    );
  });

  const target = { ...remote, BUILD_ON: "target" };
  test("builds on the host, whose base is there, pulled, or sent from here", () => {
    have("target", "debian:x");
    expect(image(target)).toMatchObject({ code: 0, stdout: "sha256:built\n" });
    expect(called("docker pull")).toEqual([]);
    expect(box.read("images-target")).toContain(reference);
    expect(box.read("images-here")).not.toContain(reference);
    expect(context()).toEqual(plain);

    box.file("images-target", "");
    expect(image(target).code).toBe(0);
    expect(called("docker pull")).toEqual(["docker pull --quiet debian:x"]);

    box.file("images-target", "").file("no-registry", "");
    have("here", "debian:x");
    expect(image(target)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("web1: sending debian:x, 3 MiB\n"),
    });
  });

  test("a base that is nowhere, a build that fails and an image that is not there after it say so", () => {
    box.file("no-registry", "");
    expect(image(target)).toMatchObject(
      failure(
        "base image debian:x is neither there, nor to be pulled, nor on this machine",
        "make it: ops/base-image.sh",
      ),
    );
    box.file("build-fails", "");
    const failed = image();
    expect(failed).toMatchObject(
      failure(`image ${reference} could not be built`, "see the build's messages above"),
    );
    expect(failed.stderr).toContain("step 3 failed");
    expect(failed.stdout).toBe("");
    box.file("forget", "");
    spawnSync("rm", [join(box.root, "build-fails")]);
    expect(image()).toMatchObject(
      failure(`image ${reference} is not there after its build`, "see the build's"),
    );
  });

  test("an image that cannot be sent says so", () => {
    box.stub("gzip", "exit 1");
    expect(image(remote)).toMatchObject(
      failure(`image ${reference} could not be sent`, "see the message above"),
    );
  });
});

describe("an application's files", () => {
  test("from a directory, whose name may hold blanks; links are followed", () => {
    box.file("my apps/one/run", "#!/bin/sh\n").file("elsewhere", "linked\n");
    spawnSync("ln", ["-s", join(box.root, "elsewhere"), join(box.root, "my apps/one/link")]);
    expect(image({ APP: "my apps/one" }).code).toBe(0);
    expect(context()).toEqual({ ...plain, "app/run": "#!/bin/sh\n", "app/link": "linked\n" });
  });

  describe("from a URL", () => {
    /** An archive with one file, and its SHA-256. */
    function archive(): { url: string; sha256: string } {
      box.file("packed/run", "x\n");
      spawnSync("tar", ["-C", join(box.root, "packed"), "-czf", join(box.root, "app.tar.gz"), "."]);
      const sha256 = createHash("sha256")
        .update(readFileSync(join(box.root, "app.tar.gz")))
        .digest("hex");
      return { url: `file://${box.root}/app.tar.gz`, sha256 };
    }

    test("are taken from the archive with the right SHA-256", () => {
      const { url, sha256 } = archive();
      box.real("curl");
      expect(image({ APP_URL: url, APP_SHA256: sha256 })).toMatchObject({
        code: 0,
        stdout: "sha256:built\n",
      });
      expect(context()).toEqual({ ...plain, "app/run": "x\n" });
    });

    test("another SHA-256, no archive and no answer each say so, and nothing is built", () => {
      const { url, sha256 } = archive();
      box.real("curl");
      expect(image({ APP_URL: url, APP_SHA256: "0".repeat(64) })).toMatchObject(
        failure(`${url} has another SHA-256 than source.sha256`, "find out why before you correct it"),
      );
      const text = `file://${box.root}/images/web/Dockerfile`;
      const digest = createHash("sha256").update("FROM scratch\n").digest("hex");
      expect(image({ APP_URL: text, APP_SHA256: digest })).toMatchObject(
        failure(`${text} is no .tar.gz archive`, "correct source.url"),
      );
      const gone = `file://${box.root}/gone`;
      expect(image({ APP_URL: gone, APP_SHA256: sha256 })).toMatchObject(
        failure(`${gone} cannot be downloaded`, "correct source.url, or give the files by source.path"),
      );
      expect(called("sleep")).toEqual(["sleep 2", "sleep 4", "sleep 8"]);
      expect(box.read("images-here")).toBe("");
    });
  });

  describe("from git", () => {
    const from = (change: Record<string, string> = {}) =>
      image({
        APP_GIT_URL: join(box.root, "repo"),
        APP_GIT_REF: "v1",
        APP_GIT_BUILD: "mkdir 'the out'; cp source 'the out/run'; echo building",
        APP_GIT_OUTPUT: "the out",
        ...change,
      });
    beforeEach(() => {
      box.real("git").file("repo/source", "one\n");
      const git = (...args: string[]) =>
        spawnSync("git", [
          "-C",
          join(box.root, "repo"),
          "-c",
          "user.name=x",
          "-c",
          "user.email=x@x.example",
          ...args,
        ]);
      git("init", "--quiet");
      git("add", ".");
      git("commit", "--quiet", "-m", "one");
      git("tag", "v1");
      box.file("repo/source", "two\n");
      git("commit", "--quiet", "-a", "-m", "two");
    });

    test("are what the build leaves at that commit; its messages are no output", () => {
      const { code, stdout, stderr } = from();
      expect({ code, stdout }).toEqual({ code: 0, stdout: "sha256:built\n" });
      expect(stderr).toContain("building\n");
      expect(context()).toEqual({ ...plain, "app/run": "one\n" });
    });

    test("a repository, a ref, a build and an output that fail each say so, and nothing is built", () => {
      const url = join(box.root, "repo");
      expect(from({ APP_GIT_URL: "/none" })).toMatchObject(
        failure("/none cannot be cloned", "correct source.url"),
      );
      expect(called("sleep")).toEqual(["sleep 2", "sleep 4", "sleep 8"]);
      expect(from({ APP_GIT_REF: "v9" })).toMatchObject(failure(`${url} has no v9`, "correct source.ref"));
      expect(from({ APP_GIT_BUILD: "echo broken >&2; false; echo unreached" })).toMatchObject(
        failure(`the build of ${url} failed`, "see its messages above; source.build is what was run"),
      );
      expect(from({ APP_GIT_OUTPUT: "dist" })).toMatchObject(
        failure(`the build of ${url} left no directory dist`, "correct source.output"),
      );
      expect(box.read("images-here")).toBe("");
    });
  });
});

describe("down", () => {
  test("removes every version from both engines, and is done twice without harm", () => {
    box.file("images-here", "hypha-test-images/web:1 sha256:a\nhypha-test-images/web:2 sha256:b\n");
    box.file("images-target", "hypha-test-images/web:2 sha256:b\n");
    expect(image(remote, "down")).toMatchObject({ code: 0, stdout: "" });
    expect(box.read("images-here") + box.read("images-target")).toBe("");
    expect(called("docker image ls")).toEqual(
      Array(2).fill("docker image ls --quiet --filter=label=hypha.image=hypha-test-images/web"),
    );
    expect(image(remote, "down")).toMatchObject({ code: 0, stdout: "" });
  });

  test("asks the local engine once where it is the host's", () => {
    image({}, "down");
    expect(called("docker image ls")).toHaveLength(1);
    expect(called("ssh")).toEqual([]);
  });
});
