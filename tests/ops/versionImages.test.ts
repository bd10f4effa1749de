import { EngineEvent } from "../../ops/lib/deployment";
import { findImages, imagesCheck, parseImages, withPins } from "../../ops/lib/versionImages";

describe("the images of a version", () => {
  const images = {
    edge: { reference: "hypha-t-images/edge:00000000000a", id: "x" },
    gateway: { reference: "hypha-t-images/gateway:00000000000b", id: "y" },
  };
  const gateway = (source: object) => ({ "hypha:chat": JSON.stringify({ gateway: { source } }) });
  const version = { version: 2, commit: "c", config: gateway({ kind: "artifacts", path: "dist" }), images };
  const on = (edge: Record<string, string>, there: Record<string, string>) => ({
    hosts: ["web1", "web2"],
    ids: { edge, gateway: there },
  });
  const kept = on({ web1: "x" }, { web1: "y" });
  /** A preview that would run these: built from a directory, unless it is told not to. */
  const builds = (references: string[], context = true): EngineEvent[] =>
    references.map((reference) => ({
      timestamp: 1,
      resourcePreEvent: {
        metadata: {
          op: "same",
          urn: reference,
          new: {
            inputs: {
              stdin:
                `export REFERENCE='${reference}'\n${context ? "export CONTEXT='images/x'\n" : ""}` +
                "export NODES='web1\t-p\t22\nweb3'\n",
            },
          },
        } as never,
      },
    }));
  const { edge, gateway: gate } = images;
  const both = builds([edge.reference, gate.reference]);

  test("they are there, or are built again from the same content", () => {
    expect(imagesCheck(version, kept, both)).toMatchObject({
      verdict: "ok",
      what: "all 2 are still on the hosts",
    });
    // On none, under another id, or where it is not to run.
    for (const there of [{}, { web1: "z" }, { web2: "y" }] as Record<string, string>[]) {
      expect(imagesCheck(version, on({ web1: "x" }, there), both)).toMatchObject({
        verdict: "ok",
        what: "on no host any more as they were, built again from the same content: gateway",
      });
    }
  });

  test("other files than then are refused; without a record there is a warning", () => {
    const other = builds([edge.reference, "hypha-t-images/gateway:00000000000c"]);
    expect(imagesCheck(version, on({}, {}), other)).toMatchObject({
      verdict: "FAILED",
      what: `gateway: ${gate.reference} is on none of web1, web2, and its files are others now`,
    });
    expect(imagesCheck({ ...version, images: undefined }, kept, [])).toMatchObject({ verdict: "warn" });
  });

  test("one that is taken as it is must be on a host that is to run it", () => {
    const pinned = [...builds([edge.reference]), ...builds([gate.reference], false)];
    expect(imagesCheck(version, kept, pinned).verdict).toBe("ok");
    expect(imagesCheck(version, on({ web1: "x" }, { web2: "y" }), pinned)).toMatchObject({
      verdict: "FAILED",
      what: `gateway: ${gate.reference} is on web2, and it is to run on web1, web3`,
    });
  });

  test("a host's are known by name and tag, and what is pulled by its digest", () => {
    const digest = `sha256:${"d".repeat(64)}`;
    const known = parseImages(
      `hypha-t-images/edge:00000000000a <none> x\ngrafana/grafana:<none> ${digest} y\n`,
    );
    expect([edge.reference, digest, gate.reference].map((name) => known.get(name))).toEqual([
      "x",
      "y",
      undefined,
    ]);
    const silent = { name: "web9", dockerHost: "unix:///nowhere/docker.sock", sshArgs: [] };
    expect(findImages(images, [silent])).toEqual({ hosts: ["web9"], ids: { edge: {}, gateway: {} } });
  });

  describe("are taken as they are", () => {
    const able = () => true;
    const pins = (...args: Parameters<typeof withPins>) => {
      const text = withPins(...args).config["hypha:release"];
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    };
    const sample = { ...version, config: gateway({ kind: "sample" }) };

    test("where a directory of this machine made them, or their service alone goes back", () => {
      expect(pins(version, kept, undefined, able)).toEqual({ images: { gateway: "00000000000b" } });
      expect(pins(sample, kept, undefined, able)).toBeUndefined();
      expect(pins(sample, kept, "gateway", able)).toEqual({ images: { gateway: "00000000000b" } });
      expect(pins(sample, kept, "bridge", able)).toBeUndefined();
    });

    test("but not where no host has them, the program knows nothing of it, or they are pulled", () => {
      expect(pins(version, on({ web1: "x" }, {}), undefined, able)).toBeUndefined();
      expect(pins(version, kept, undefined, () => false)).toBeUndefined();
      const pulled = { ...images, gateway: { reference: `a/b@sha256:${"0".repeat(64)}`, id: "y" } };
      expect(pins({ ...version, images: pulled }, kept, "gateway", able)).toBeUndefined();
    });

    test("those of an earlier redeployment give way, and what else the section says stays", () => {
      const config = { ...version.config, "hypha:release": '{"images":{"bridge":"00000000000d"},"x":true}' };
      expect(pins({ ...version, config }, kept, undefined, able)).toEqual({
        images: { gateway: "00000000000b" },
        x: true,
      });
      expect(
        pins({ ...sample, config: { ...sample.config, "hypha:release": '{"images":{"a":"b"}}' } }, kept),
      ).toBe(undefined);
    });
  });
});
