import { join } from "node:path";
import type { Host } from "../../../components/host/host";
import { sshDestination } from "../../../components/host/channel";
import { Vps } from "../../../components/host/vps";
import { contentTag, contextFiles } from "../../../components/images/context";
import { PulledImage } from "../../../components/images/pulledImage";
import type { AppFiles, ServiceImageArgs } from "../../../components/images/serviceImage";
import { ServiceImage } from "../../../components/images/serviceImage";
import { outputOf } from "../../support/mocks";
import {
  endpoint,
  localEngine,
  noOptions,
  reference,
  root,
  run,
  sent,
  waitsFor,
  hardened,
} from "../fixtures";

// The files of this very directory stand for an image's: what they are is not the matter here.
jest.mock("../../../components/images/context", () => {
  const actual = jest.requireActual<typeof import("../../../components/images/context")>(
    "../../../components/images/context",
  );
  return { ...actual, contextFiles: jest.fn(() => actual.contextFiles(__dirname)) };
});

const base = "debian:bookworm-slim";
const make = (
  change: Partial<ServiceImageArgs> = {},
  hosts: () => [Host, ...Host[]] = () => [localEngine()],
) =>
  run(() => {
    const nodes = hosts();
    const args = { image: "web", base, buildOn: "local" as const, host: nodes[0], nodes, keep: 5 };
    return new ServiceImage("web-image", { ...args, ...change });
  });
const tag = (args: Record<string, string>) => contentTag(contextFiles(__dirname), args);
const plainTag = () => tag({ BASE: base, PACKAGES: "" });
const size = { cpus: 1, memoryMiB: 1024, diskGiB: 5 };
const vps = (name = "web1", address = endpoint.address) =>
  new Vps(name, {
    endpoint: { ...endpoint, address },
    deployUser: "muser",
    engine: "present",
    minimum: size,
    recommended: size,
    ports: [],
    hardening: hardened,
  });

test("an image is one script beside Pulumi, once the host is ready; destroy removes it", async () => {
  const { byName, result, resources } = await make();
  expect(jest.mocked(contextFiles)).toHaveBeenCalledWith(join(root, "images/web"), undefined);
  const build = byName("web-image-build");
  expect(resources.filter(({ parent }) => parent === byName("web-image").urn)).toEqual([build]);
  expect(build).toMatchObject({ type: "command:local:Command", secretInputs: [] });
  expect(build.inputs).toEqual({
    create: "bash -s -- up",
    update: "bash -s -- up",
    delete: "bash -s -- down",
    logging: "stderr",
    addPreviousOutputInEnv: false,
    stdin: sent(
      `export HOST_NAME='local'\nexport REFERENCE='hypha-test-images/web:${plainTag()}'\n` +
        `export CONTEXT='images/web'\nexport BUILD_ARGS='BASE=${base}\nPACKAGES='\nexport BASE='${base}'\n` +
        "export BUILD_ON='local'\nexport HOST='local'\nexport NODES='local'\n" +
        "export DOCKER_HOST='unix:///run/test.sock'\nexport KEEP='5'\n",
      ...["engines", "prune", "send", "image"].map((script) => `images/scripts/${script}.sh`),
    ),
  });
  expect(build.options).toEqual({ ...noOptions, replaceOnChanges: ["triggers[*]"] });
  expect(waitsFor(build)).toEqual(["local-preflight"]);
  expect(result.reference).toBe(`hypha-test-images/web:${plainTag()}`);
  expect(await outputOf(result.imageId)).toMatchObject({ secret: false });
  expect(byName("web-image")).toMatchObject({ outputs: { reference: result.reference }, secretOutputs: [] });
});

/** How the scripts get to a server as its deploy account. */
const engine = (name: string, address: string) =>
  [name, ...sshDestination({ ...endpoint, address, user: "muser" })].join("\t");

test("for servers it runs here too, once, and is told how ssh gets to each, whatever their order", async () => {
  const web = () => vps();
  const app = () => vps("app2", "192.0.2.11");
  const variables = [];
  for (const [host, ...nodes] of [
    [web, web, app],
    [web, app, web],
  ] as const) {
    const made = await make({ buildOn: "target" }, () => {
      const hosts = new Map([web, app].map((create) => [create, create()]));
      const of = (create: typeof web) => hosts.get(create) ?? create();
      return [of(host), ...nodes.map(of)];
    });
    const build = made.byName("web-image-build");
    expect(build.type).toBe("command:local:Command");
    expect(waitsFor(build)).toEqual(
      expect.arrayContaining(["app2-hardening-confirm", "web1-hardening-confirm"]),
    );
    variables.push(String(build.inputs["stdin"]).split("# shellcheck")[0]);
  }
  const [web1, app2] = [engine("web1", endpoint.address), engine("app2", "192.0.2.11")];
  expect(variables[0]).toContain(`export BUILD_ON='target'\nexport HOST='${web1}'\n`);
  expect(variables[0]).toContain(`export NODES='${app2}\n${web1}`);
  expect(variables[0]).not.toContain("DOCKER_HOST");
  expect(variables[1]).toBe(variables[0]);
});

test.each<[string, AppFiles, string]>([
  ["directory", { kind: "directory", directory: "lab/apps/x y" }, "export APP='lab/apps/x y'\n"],
  [
    "URL",
    { kind: "url", url: "https://x.example/a.tar.gz", sha256: "ab" },
    "export APP_URL='https://x.example/a.tar.gz'\nexport APP_SHA256='ab'\n",
  ],
  [
    "git",
    { kind: "git", url: "https://x.example/r", ref: "v1", build: "make 'all'", output: "out" },
    "export APP_GIT_URL='https://x.example/r'\nexport APP_GIT_REF='v1'\n" +
      "export APP_GIT_BUILD='make '\\''all'\\'''\nexport APP_GIT_OUTPUT='out'\n",
  ],
])("an application from a %s is told to the script", async (_, app, variables) => {
  const { byName } = await make({ app, packages: ["python3", "libssl3"] });
  const { stdin } = byName("web-image-build").inputs;
  expect(stdin).toContain(`export CONTEXT='images/web'\n${variables}export BUILD_ARGS=`);
  expect(stdin).toContain(`export BUILD_ARGS='BASE=${base}\nPACKAGES=python3 libssl3'\n`);
});

test("a directory's files are in the tag, and a URL's or commit's address instead of files", async () => {
  await make({ app: { kind: "directory", directory: "lab/apps/bridge" } });
  expect(jest.mocked(contextFiles)).toHaveBeenLastCalledWith(
    join(root, "images/web"),
    join(root, "lab/apps/bridge"),
  );
  await make({ app: { kind: "directory", directory: "/srv/artifacts" } });
  expect(jest.mocked(contextFiles)).toHaveBeenLastCalledWith(join(root, "images/web"), "/srv/artifacts");
  const git = { kind: "git", url: "https://x.example/r", ref: "v1", build: "make", output: "out" } as const;
  const apps: (AppFiles | undefined)[] = [
    undefined,
    { kind: "url", url: "https://x.example/a", sha256: "ab" },
    { kind: "url", url: "https://x.example/a", sha256: "cd" },
    git,
    { ...git, ref: "v2" },
    { ...git, build: "make all" },
    { ...git, output: "dist" },
  ];
  const references = [];
  for (const app of apps) {
    references.push((await make({ app })).result.reference);
  }
  expect(new Set(references).size).toBe(apps.length);
});

test("a version that is named is used as it is: no file is looked at, and nothing can be built", async () => {
  jest.mocked(contextFiles).mockClear();
  const { byName, result } = await make({
    tag: "0123456789ab",
    app: { kind: "directory", directory: "/gone" },
  });
  expect(result.reference).toBe("hypha-test-images/web:0123456789ab");
  expect(contextFiles).not.toHaveBeenCalled();
  expect(String(byName("web-image-build").inputs["stdin"]).split("# shellcheck")[0]).toBe(
    "export HOST_NAME='local'\nexport REFERENCE='hypha-test-images/web:0123456789ab'\nexport BUILD_ON='local'\n" +
      "export HOST='local'\nexport NODES='local'\nexport DOCKER_HOST='unix:///run/test.sock'\nexport KEEP='5'\n",
  );
});

test("base and packages are in the tag, the engine that builds and the host are not", async () => {
  const made = async (...args: Parameters<typeof make>) => (await make(...args)).result.reference;
  const plain = await made();
  expect(await made({ base: "debian:trixie-slim" })).not.toBe(plain);
  expect(await made({ packages: ["python3"] })).not.toBe(plain);
  expect(await made({ buildOn: "target", keep: 9 }, () => [vps()])).toBe(plain);
});

test("a pulled image is pulled by its digest on every node, by one script, and stays when the stack goes", async () => {
  const { byName, result, resources } = await run(() => {
    const nodes = [vps(), vps("app2", "192.0.2.11")];
    return new PulledImage("app-image", { reference, nodes });
  });
  const made = byName("app-image-pull");
  expect(resources.filter(({ parent }) => parent === byName("app-image").urn)).toEqual([made]);
  expect(made).toMatchObject({ type: "command:local:Command", secretInputs: [] });
  const nodes = [engine("app2", "192.0.2.11"), engine("web1", endpoint.address)].join("\n");
  expect(made.inputs).toEqual({
    create: "bash -s -- up",
    update: "bash -s -- up",
    logging: "stderr",
    addPreviousOutputInEnv: false,
    stdin: sent(
      `export HOST_NAME='app-image'\nexport REFERENCE='${reference}'\nexport NODES='${nodes}'\n`,
      ...["engines", "pull"].map((script) => `images/scripts/${script}.sh`),
    ),
  });
  expect(waitsFor(made)).toEqual(["app2-hardening-confirm", "web1-hardening-confirm"]);
  expect(result.reference).toBe(reference);
  expect(byName("app-image")).toMatchObject({
    outputs: { reference, imageId: "sha256:id-of-app-image-pull" },
    secretOutputs: [],
  });
});
