import {
  base,
  built,
  engine,
  failed,
  first,
  fleet,
  ImageBox,
  libraries,
  reference,
  remote,
  second,
  third,
} from "./imageBox";

let box: ImageBox;
beforeEach(() => {
  box = new ImageBox();
});
afterEach(() => {
  box.remove();
});

describe("several nodes", () => {
  const layersSent = (at: string) =>
    box.has(`loaded-${at}`)
      ? box
          .read(`loaded-${at}`)
          .trimEnd()
          .split("\n")
          .map((line) => line.trimEnd())
      : [];
  const files = (...layers: string[]) => layers.map((layer) => `./d-${layer}/layer.tar`).join(" ");

  test("each gets the layers that it lacks, and one that has the image nothing", () => {
    box.have("here", built);
    box.have(first, built);
    box.have(second, "other:1 sha256:o base,new,else", base);
    expect(box.image(fleet)).toMatchObject({ code: 0, stdout: "sha256:there\n" });
    expect(layersSent(first)).toEqual([]);
    expect(layersSent(second)).toEqual([files("top")]);
    expect(layersSent(third)).toEqual([files("base", "new", "top")]);
    expect(box.called("docker build")).toEqual([]);
  });

  test("a layer in the middle counts only above the same layers, and one that stands twice is sent", () => {
    box.have("here", `${reference} sha256:there base,empty,new,empty`);
    box.have(first, "other:1 sha256:o base,empty,else", "other:2 sha256:p else,new");
    expect(box.image(remote).code).toBe(0);
    expect(layersSent(first)).toEqual([files("empty", "new")]);
  });

  test("an engine that takes no less gets all of it, and the log says so", () => {
    box.have("here", built);
    box.have(first, base).file(`whole-${first}`, "");
    const { code, stderr } = box.image(remote);
    expect(code).toBe(0);
    expect(layersSent(first)).toEqual([files("new", "top"), files("base", "new", "top")]);
    expect(stderr).toContain(`web1: its engine did not take ${reference} without the layers that it has`);
  });

  test("what the nodes have stays, whatever this machine would send; most of them decide", () => {
    box.have("here", `${reference} sha256:mine base,new,mine`);
    box.have(first, `${reference} sha256:mine base,new,mine`);
    box.have(second, built);
    box.have(third, built);
    expect(box.image(fleet)).toMatchObject({ code: 0, stdout: "sha256:there\n" });
    expect(layersSent(first)).toEqual([files("top")]);
    expect([layersSent(second), layersSent(third)]).toEqual([[], []]);
  });

  test("what only another node has comes from there, without what nobody lacks", () => {
    box.have(first, base);
    box.have(second, built);
    box.have(third, "other:1 sha256:o base,else");
    expect(box.image(fleet)).toMatchObject({
      code: 0,
      stdout: "sha256:there\n",
      stderr: expect.stringContaining(`web1: fetching ${reference} from app2\n`),
    });
    expect([layersSent(first), layersSent(third)]).toEqual([[files("new", "top")], [files("new", "top")]]);
    expect(box.called("docker build")).toEqual([]);
    // Once for the list of its files, once without some of them.
    expect(box.called("docker save")).toHaveLength(2);
    box.have(first, base).file(`whole-${first}`, "");
    expect(box.image(fleet).code).toBe(0);
    expect(layersSent(first).at(-1)).toBe(files("base", "new", "top"));
  });

  test("one that fails does not stop the others; every failure is listed with its reason", () => {
    box.have("here", built);
    box.file(`down-${second}`, "").file(`free-${third}`, "20000\n");
    expect(box.image(fleet)).toMatchObject(
      failed(
        `image ${reference} is missing`,
        {
          app2: `ssh: connect to host ${second} port 22: refused`,
          app3: "20 MiB of disk are free, 82 MiB are needed: make room, or lower hypha:images.keep",
        },
        3,
      ),
    );
    expect(box.read(`images-${first}`)).toContain(reference);
    expect(box.called("sleep")).toEqual(["sleep 2", "sleep 4"]);
    expect(layersSent(third)).toEqual([]);
  });

  test("the host that builds, if it cannot be reached, is a failure before any build", () => {
    box.file(`down-${first}`, "");
    expect(box.image({ ...fleet, BUILD_ON: "target" })).toMatchObject(
      failed(`image ${reference} is missing`, { web1: `ssh: connect to host ${first} port 22: refused` }, 3),
    );
    expect(box.called("docker build")).toEqual([]);
  });

  test("an engine of another architecture and one that makes another id of it are failures", () => {
    box.have("here", built);
    box.file(`arch-${second}`, "arm64\n").file(`other-${third}`, "");
    expect(box.image(fleet)).toMatchObject(
      failed(
        `image ${reference} is missing`,
        {
          app2: "its engine is for arm64, the image for amd64",
          app3: "it has sha256:other after it was sent sha256:there",
        },
        3,
      ),
    );
  });

  test("a transfer that breaks is tried again, then a failure", () => {
    box.have("here", built);
    box.stub("gzip", `(( N > 1 )) || exit 1; exec ${box.realPath("gzip")} "$@"`);
    expect(box.image(remote).code).toBe(0);
    box.stub("gzip", "exit 1").file(`images-${first}`, "");
    expect(box.image(remote).code).toBe(1);
  });

  test("how far a slow transfer is comes from what dd says", () => {
    box.have("here", built);
    const line = (bytes: number, seconds: number) => `\\r${bytes} bytes (x, y) copied, ${seconds} s, z`;
    box.stub("dd", `cat; printf '${[1, 2, 3, 4, 5, 6].map((n) => line(n * 1048576, n)).join("")}\\n' >&2`);
    const { stderr } = box.image(remote);
    expect(stderr.match(/^web1: .* of .*$/gm)).toEqual(["web1: 3 MiB of 9 MiB, 3 s"]);
  });

  test("no more than four at once", () => {
    const nodes = Array.from({ length: 9 }, (_, n) => engine(`n${n}`, `192.0.2.${100 + n}`));
    box.have("here", built);
    const text = `
      WORK=$TMPDIR
      job() {
        echo start >>run
        until (($(grep -c start run) >= 4)); do :; done
        for ((n = 0; n < 30000; n++)); do :; done
        echo end >>run
      }
      mapfile -t all <<<"$NODES"
      each job "\${all[@]}"
      awk '{ n += /start/ ? 1 : -1; if (n > most) most = n } END { print NR, most }' run`;
    expect(box.bash(text, { NODES: nodes.join("\n") }, "up", libraries).stdout).toBe("18 4\n");
  });
});

describe("pruning", () => {
  const version = (n: number, repository = "hypha-test-images/web") =>
    `${repository}:v${n} sha256:v${n} base,v${n}`;
  const versions = [1, 2, 3, 4, 5, 6].map((n) => version(n));
  const left = (at: string) =>
    box
      .read(`images-${at}`)
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ")[0]?.replace("hypha-test-images/web:", ""));

  test("the newest stay, and what containers and services need, before anything is built or sent", () => {
    box.have("here", base, ...versions, version(1, "hypha-other-images/web"));
    box.have(first, ...versions, "<none> sha256:old base,old", "mine@sha256:0 sha256:n base");
    box.file("services", "hypha-test-images/web:v6 hypha-test-images/web:v2@sha256:0\n");
    box.file(`used-${first}`, "hypha-test-images/web:v3\n");
    const { code, stderr } = box.image({ ...remote, KEEP: "2" });
    expect(code).toBe(0);
    expect(left("here")).toEqual(["debian:x", "v2", "v6", "hypha-other-images/web:v1", "0123456789ab"]);
    expect(left(first)).toEqual(["v2", "v3", "v6", "mine@sha256:0", "0123456789ab"]);
    expect(stderr).toContain("web1: removed old image hypha-test-images/web:v1\n");
    expect(stderr).toContain("this machine: removed old image hypha-test-images/web:v3\n");
    const calls = box.calls();
    const at = (prefix: string) => calls.flatMap((call, index) => (call.startsWith(prefix) ? [index] : []));
    expect(Math.max(...at("docker image rm"))).toBeLessThan(Math.min(...at("docker build")));
  });

  test("a way back to an old version keeps it, whatever its age", () => {
    box.have("here", ...versions);
    expect(box.image({ REFERENCE: "hypha-test-images/web:v1", KEEP: "2" })).toMatchObject({
      code: 0,
      stdout: "sha256:v1\n",
    });
    expect(left("here")).toEqual(["v1", "v6"]);
  });

  test.each([
    ["is a worker", { [`swarm-${first}`]: "active false\n" }],
    ["cannot be reached", { [`down-${first}`]: "" }],
  ])("nothing goes where the host %s: what services use is not known", (_, files) => {
    box.have("here", built, ...versions);
    for (const [name, text] of Object.entries(files)) box.file(name, text);
    const { stderr } = box.image({ ...remote, NODES: engine("app2", second), KEEP: "2" });
    expect(stderr).toContain("web1: no old version is removed: web1 does not say which its services use\n");
    expect(box.called("docker image rm")).toEqual([]);
    expect(box.read(`images-${second}`)).toContain(reference);
  });
});

describe("down", () => {
  test("removes every version from all engines, and is done twice without harm", () => {
    box.have("here", "hypha-test-images/web:1 sha256:a base", "hypha-test-images/web:2 sha256:b base", base);
    box.have(first, "hypha-test-images/web:2 sha256:b base");
    box.have(second, "hypha-test-images/web:2 sha256:b base", "nginx sha256:n base");
    expect(box.image(fleet, "down")).toMatchObject({ code: 0, stdout: "" });
    expect(box.read("images-here") + box.read(`images-${first}`)).toBe(`${base}\n`);
    expect(box.read(`images-${second}`)).toBe("nginx sha256:n base\n");
    expect(box.image(fleet, "down")).toMatchObject({ code: 0, stdout: "" });
  });

  test("asks the local engine once where it is the host's", () => {
    box.image({}, "down");
    expect(box.called("docker image ls --filter label")).toHaveLength(1);
    expect(box.called("ssh")).toEqual([]);
  });

  test("a host that cannot be reached is a failure, after the others are done", () => {
    box.have(third, built);
    box.file(`down-${second}`, "");
    expect(box.image(fleet, "down")).toMatchObject(
      failed(
        "not every version of hypha-test-images/web was removed",
        { app2: `ssh: connect to host ${second} port 22: refused` },
        4,
      ),
    );
    expect(box.read(`images-${third}`)).toBe("");
  });
});

describe("an image from a registry", () => {
  const name = `registry.example/app@sha256:${"a".repeat(64)}`;
  const pull = (nodes: string) =>
    box.run("images/scripts/pull.sh", { REFERENCE: name, NODES: nodes }, "up", libraries.slice(0, 1));

  test("is pulled by each node that lacks it, and its id is printed", () => {
    box.have(second, `${name} sha256:pulled base`);
    expect(pull(fleet.NODES)).toMatchObject({ code: 0, stdout: "sha256:pulled\n" });
    expect(box.called("docker pull")).toEqual(Array(2).fill(`docker pull --quiet ${name}`));
    expect(box.called("ssh").filter((call) => call.includes(second))).toHaveLength(1);
  });

  test("a node that cannot is listed with its reason, after three tries, and the others have it", () => {
    box.file(`down-${second}`, "");
    expect(pull(fleet.NODES)).toMatchObject(
      failed(`image ${name} is missing`, { app2: `ssh: connect to host ${second} port 22: refused` }, 3),
    );
    expect(box.read(`images-${third}`)).toContain(name);
    box.file("no-registry", "").file(`images-${first}`, "");
    expect(pull(engine("web1", first))).toMatchObject(
      failed(`image ${name} is missing`, { web1: "no registry answers" }, 1),
    );
  });
});
