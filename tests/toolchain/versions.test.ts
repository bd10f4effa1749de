import * as fs from "node:fs";
import * as path from "node:path";

import { pulumiVersions } from "../../components/config/versions";
import manifest from "../../package.json";

const toolchain = path.join(__dirname, "../../toolchain");
const read = (file: string): string => fs.readFileSync(path.join(toolchain, file), "utf8");

const pinned = Object.fromEntries(
  read("versions.env")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.split("=", 2) as [string, string]),
);

describe("versions", () => {
  test.each(Object.entries(pulumiVersions))("%s is %s for the script too", (name, version) => {
    expect(pinned[`${name.toUpperCase()}_VERSION`]).toBe(version);
  });

  test.each(["docker", "random", "tls", "command"] as const)(
    "the %s plugin says its SDK's version",
    (name) => {
      expect(read(`pulumi-resource-${name}/main.go`)).toContain(`const version = "${pulumiVersions[name]}"`);
      expect(manifest.dependencies[`@pulumi/${name}`]).toBe(pulumiVersions[name]);
    },
  );

  test("the Node host says the SDK's version", () => {
    expect(read("pulumi-language-nodejs/host.go")).toContain(`const version = "${pulumiVersions.pulumi}"`);
  });

  test("the CLI is built from the SDK's version", () => {
    expect(read("cli/go.mod")).toContain(`github.com/pulumi/pulumi/pkg/v3 v${pulumiVersions.pulumi}`);
    expect(manifest.dependencies.pulumi).toBe(pulumiVersions.pulumi);
    expect(manifest.dependencies["@pulumi/pulumi"]).toBe(pulumiVersions.pulumi);
  });

  test("Go is pinned by digest for both architectures and new enough for every module", () => {
    for (const architecture of ["amd64", "arm64"]) {
      expect(read("go.sha256")).toMatch(
        new RegExp(`^[0-9a-f]{64}  v0\\.0\\.1-go${pinned.GO_VERSION}\\.linux-${architecture}\\.zip$`, "m"),
      );
    }
    for (const module of ["go.mod", "cli/go.mod", "toxiproxy/go.mod"]) {
      const wanted = /^go (\d+)\.(\d+)/m.exec(read(module));
      expect(pinned.GO_VERSION?.startsWith(`${wanted?.[1]}.${wanted?.[2]}`)).toBe(true);
    }
  });
});
