import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { base, built, engine, first, fleet, ImageBox, reference, remote, second, third } from "./imageBox";
import { facts, failure } from "./sandbox";

let box: ImageBox;
beforeEach(() => {
  box = new ImageBox();
});
afterEach(() => {
  box.remove();
});

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

test("check, on the host itself, sees whether the image is there, and builds and sends nothing", () => {
  expect(facts(box.image(fleet, "check"))).toEqual({ [`image ${reference}`]: "+there\n" });
  box.have("here", built);
  expect(facts(box.image(fleet, "check"))).toEqual({ [`image ${reference}`]: "ok" });
  expect([...box.called("ssh"), ...box.called("docker build"), ...box.called("docker load")]).toEqual([]);
});

describe("up", () => {
  test.each([
    ["here", {}],
    [first, remote],
  ] as const)("where the engine (%s) has the image, its id is printed and nothing is built", (at, change) => {
    box.have(at, built);
    expect(box.image(change)).toEqual({ code: 0, stdout: "sha256:there\n", stderr: "" });
    expect([
      ...box.called("docker build"),
      ...box.called("docker save"),
      ...box.called("docker load"),
    ]).toEqual([]);
  });

  test("builds here from the whole context and the machine's CAs, and prints the id alone", () => {
    const { code, stdout, stderr } = box.image();
    expect({ code, stdout }).toEqual({ code: 0, stdout: "sha256:built\n" });
    expect(stderr).toContain(`web1: building ${reference}\n`);
    expect(stderr).toContain("Successfully built");
    expect(context()).toEqual(plain);
    expect(box.read("build-args").trimEnd().split("\n")).toEqual([
      ...["build", "--rm", "--tag", reference, "--label", "hypha.image=hypha-test-images/web"],
      ...["--build-arg", "BASE=debian:x", "--build-arg", "PACKAGES=", "-"],
    ]);
    expect(box.called("ssh")).toEqual([]);
  });

  test("leaves no working directory behind, whether it went well or not", () => {
    box.image(fleet);
    box.file("images-here", "").file("build-fails", "");
    box.image();
    box.image({ APP_GIT_URL: "/none", APP_GIT_REF: "v1", APP_GIT_BUILD: "true", APP_GIT_OUTPUT: "." });
    const left = spawnSync("ls", [join(box.root, "tmp")], { encoding: "utf8" }).stdout;
    expect(left.replace(/^hypha-images-.*\.lock\n/gm, "")).toBe("");
  });

  test("a value with blanks, quotes and a star is one argument, here and through ssh", () => {
    const odd = `PACKAGES=python3 "x" 'y' * $HOME`;
    for (const change of [{}, { ...remote, BUILD_ON: "target" }]) {
      box.have(first, base).file("images-here", "");
      expect(box.image({ BUILD_ARGS: `BASE=debian:x\n${odd}`, ...change }).code).toBe(0);
      expect(box.read("build-args").split("\n").slice(6, 10)).toEqual([
        "--build-arg",
        "BASE=debian:x",
        "--build-arg",
        odd,
      ]);
    }
  });

  test("builds here and sends it; what is here already is only sent", () => {
    expect(box.image(remote)).toMatchObject({ code: 0, stdout: "sha256:built\n" });
    expect(box.read(`images-${first}`)).toContain(reference);
    box.file(`images-${first}`, "");
    const before = box.called("docker build").length;
    const { code, stderr } = box.image(remote);
    expect({ code, stderr: stderr.replace(/\d+ s\n/, "_ s\n") }).toEqual({
      code: 0,
      stderr: `web1: sending ${reference}: 9 MiB, 3 layers but for 0 that it has\nweb1: sent ${reference}: 9 MiB, _ s\n`,
    });
    expect(box.called("docker build")).toHaveLength(before);
    // Options of ssh come in one piece each.
    expect(box.called("ssh").at(-1)).toBe(
      `ssh ${engine("web1", first).split("\t").slice(1).join(" ")} -- docker image inspect --format={{.Id}} ${reference}`,
    );
  });

  test("without a context it is taken from whoever has it, and built by nobody", () => {
    box.have(second, built);
    expect(box.image({ ...fleet, CONTEXT: "" })).toMatchObject({ code: 0, stdout: "sha256:there\n" });
    expect(box.read(`images-${third}`)).toContain(reference);
    for (const at of [first, second, third, "here"]) box.file(`images-${at}`, "");
    expect(box.image({ ...fleet, CONTEXT: "" })).toMatchObject(
      failure(
        `image ${reference} is on none of web1, app2, app3, this machine`,
        "take it out of hypha:release.images: then it is built from its source",
      ),
    );
    expect(box.called("docker build")).toEqual([]);
  });

  const target = { ...remote, BUILD_ON: "target" };
  test("builds on the host, whose base is there, pulled, or sent from here", () => {
    box.have(first, base);
    expect(box.image(target)).toMatchObject({ code: 0, stdout: "sha256:built\n" });
    expect(box.called("docker pull")).toEqual([]);
    expect(box.read(`images-${first}`)).toContain(reference);
    expect(box.has("images-here") && box.read("images-here")).toBe(false);
    expect(context()).toEqual(plain);

    box.file(`images-${first}`, "");
    expect(box.image(target).code).toBe(0);
    expect(box.called("docker pull")).toEqual(["docker pull --quiet debian:x"]);

    box.file(`images-${first}`, "").file("no-registry", "");
    box.have("here", base);
    expect(box.image(target)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("web1: sending debian:x: 3 MiB, 1 layers but for 0 that it has\n"),
    });
  });

  test("a base that is nowhere, a build that fails and an image that is not there after it say so", () => {
    box.file("no-registry", "");
    expect(box.image(target)).toMatchObject(
      failure(
        "base image debian:x is neither there, nor to be pulled, nor on this machine",
        "make it: ops/base-image.sh",
      ),
    );
    box.file("build-fails", "");
    const broken = box.image();
    expect(broken).toMatchObject(
      failure(`image ${reference} could not be built`, "see the build's messages above"),
    );
    expect(broken.stderr).toContain("step 3 failed");
    expect(broken.stdout).toBe("");
    box.file("forget", "");
    spawnSync("rm", [join(box.root, "build-fails")]);
    expect(box.image()).toMatchObject(
      failure(`image ${reference} is not there after its build`, "see the build's"),
    );
  });
});

describe("an application's files", () => {
  test("from a directory, whose name may hold blanks; links are followed", () => {
    box.file("my apps/one/run", "#!/bin/sh\n").file("elsewhere", "linked\n");
    spawnSync("ln", ["-s", join(box.root, "elsewhere"), join(box.root, "my apps/one/link")]);
    expect(box.image({ APP: "my apps/one" }).code).toBe(0);
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
      expect(box.image({ APP_URL: url, APP_SHA256: sha256 })).toMatchObject({
        code: 0,
        stdout: "sha256:built\n",
      });
      expect(context()).toEqual({ ...plain, "app/run": "x\n" });
    });

    test("another SHA-256, no archive and no answer each say so, and nothing is built", () => {
      const { url, sha256 } = archive();
      box.real("curl");
      expect(box.image({ APP_URL: url, APP_SHA256: "0".repeat(64) })).toMatchObject(
        failure(`${url} has another SHA-256 than source.sha256`, "find out why before you correct it"),
      );
      const text = `file://${box.root}/images/web/Dockerfile`;
      const digest = createHash("sha256").update("FROM scratch\n").digest("hex");
      expect(box.image({ APP_URL: text, APP_SHA256: digest })).toMatchObject(
        failure(`${text} is no .tar.gz archive`, "correct source.url"),
      );
      const gone = `file://${box.root}/gone`;
      expect(box.image({ APP_URL: gone, APP_SHA256: sha256 })).toMatchObject(
        failure(`${gone} cannot be downloaded`, "correct source.url, or give the files by source.path"),
      );
      expect(box.called("sleep")).toEqual(["sleep 2", "sleep 4", "sleep 8"]);
      expect(box.read("images-here")).toBe("");
    });
  });

  describe("from git", () => {
    const from = (change: Record<string, string> = {}) =>
      box.image({
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
      expect(box.called("sleep")).toEqual(["sleep 2", "sleep 4", "sleep 8"]);
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
