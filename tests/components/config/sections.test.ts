import { parseConfig } from "../../../components/config/load";
import { local, problemsOf, vps } from "../../support/config";

const digest = "a".repeat(64);

test("everything but the host and the domain has a default", () => {
  const { chat, edge, images } = parseConfig(local());
  const app = { replicas: 1, source: { kind: "sample" }, env: {}, strategy: { kind: "rolling" } };
  expect(chat).toEqual({
    serverName: "chat.example.org",
    admin: "admin",
    postgres: { maxConnections: 100, keepData: true },
    homeserver: {},
    bridge: app,
    gateway: app,
    frontend: app,
  });
  expect(edge).toEqual({
    domain: "chat.example.org",
    aliases: [],
    tls: { kind: "own-ca", validityDays: 90, renewBeforeDays: 30, caValidityDays: 3650 },
    ports: { http: 80, https: 443 },
  });
  expect(images).toEqual({ base: "debian:bookworm-slim", buildOn: "local", keep: 5 });
});

test("a server name of its own is kept", () => {
  expect(parseConfig(local({ chat: { serverName: "example.org" } })).chat.serverName).toBe("example.org");
});

const strategyOf = (value: unknown) => {
  const { strategy } = parseConfig(local({ chat: { gateway: { strategy: value } } })).chat.gateway;
  return strategy;
};

test("a strategy is judged by default, and a canary has a share and a time", () => {
  const judged = { confirmSeconds: 30, maxErrorPercent: 5, maxLatencyMilliseconds: 3000 };
  expect(strategyOf({ kind: "rolling" })).toEqual({ kind: "rolling" });
  expect(strategyOf({ kind: "blue-green" })).toEqual({ kind: "blue-green", ...judged });
  expect(strategyOf({ kind: "canary", seconds: 600 })).toEqual({
    ...{ kind: "canary", percent: 10, seconds: 600 },
    ...judged,
  });
});

const strategyAt = "hypha:chat.gateway.strategy";
test.each([
  [
    { kind: "big-bang" },
    `${strategyAt}.kind: is no known kind; fix: write one of rolling, blue-green, canary`,
  ],
  [
    { kind: "rolling", percent: 10 },
    `${strategyAt}.percent: is no known key; fix: remove it; known here: kind`,
  ],
  [
    { kind: "canary", percent: 51 },
    `${strategyAt}.percent: is over the most allowed, 50; fix: it takes: Part`,
  ],
  [{ kind: "blue-green", confirmSeconds: 0 }, `${strategyAt}.confirmSeconds: is below the least allowed, 5`],
])("strategy %j is refused", (value, problem) => {
  const problems = problemsOf(local({ chat: { gateway: { strategy: value } } }));
  expect(problems).toEqual([expect.stringContaining(problem)]);
});

test.each(["homeserver", "postgres"])(
  "%s has data, so that nothing but rolling is taken, and why is said",
  (part) => {
    const problems = (kind: string) => problemsOf(local({ chat: { [part]: { strategy: { kind } } } }));
    expect(problems("rolling")).toEqual([]);
    expect(problems("canary")).toEqual([
      `hypha:chat.${part}.strategy.kind: must be rolling: two versions at once would write the same database; fix: remove strategy`,
    ]);
  },
);

const source = (value: unknown) => problemsOf(local({ chat: { gateway: { source: value } } }));

test.each([
  { kind: "sample" },
  { kind: "artifacts", path: "build/app" },
  { kind: "artifacts", path: "build/app", sha256: digest },
  { kind: "artifacts", url: "https://example.org/app.tar.gz", sha256: digest },
  { kind: "git", url: "git@example.org:a/b.git", ref: "v1.0", build: "make", output: "dist" },
  { kind: "git", url: "ssh://git@example.org:22/a/b", ref: "main", build: "make", output: "dist/app" },
  { kind: "image", reference: `registry.example.org:5000/a/b:1@sha256:${digest}` },
])("source %j", (value) => {
  expect(source(value)).toEqual([]);
});

const at = "hypha:chat.gateway.source";
const secret =
  "holds a user name or password; fix: leave it out and let git or the server know you otherwise";

test.each([
  [{ kind: "artifacts" }, [`${at}: needs exactly one of path and url; fix: keep the one you use`]],
  [
    { kind: "artifacts", path: "a", url: "https://example.org/a" },
    [
      `${at}: needs exactly one of path and url; fix: keep the one you use`,
      `${at}.sha256: is missing beside url; fix: write the archive's SHA-256 in hex`,
    ],
  ],
  [
    { kind: "artifacts", url: "https://example.org/a" },
    [`${at}.sha256: is missing beside url; fix: write the archive's SHA-256 in hex`],
  ],
  [
    { kind: "artifacts", path: "a", sha256: "A".repeat(64) },
    [`${at}.sha256: is no SHA-256; fix: write the 64 lower-case hex digits that sha256sum prints`],
  ],
  [
    { kind: "artifacts", url: "ftp://example.org/a", sha256: digest },
    [`${at}.url: is no URL; fix: write an http:// or https:// address of a .tar.gz`],
  ],
  [{ kind: "artifacts", url: "https://me:pw@example.org/a", sha256: digest }, [`${at}.url: ${secret}`]],
  [
    { kind: "git", url: "https://token@example.org/a", ref: "main", build: "make", output: "dist" },
    [`${at}.url: ${secret}`],
  ],
  [
    { kind: "git", url: "--upload-pack=x", ref: "-f", build: "make", output: "../etc" },
    [
      `${at}.url: is no repository address; fix: write one that starts with https://, ssh:// or git@`,
      `${at}.ref: is no git ref; fix: write a commit, tag or branch`,
      `${at}.output: leads out of the checkout; fix: write a path below it, like dist`,
    ],
  ],
  [
    { kind: "image", reference: "nginx:1" },
    [`${at}.reference: is not pinned by digest; fix: write name@sha256: and 64 hex digits`],
  ],
  [{ kind: "svn" }, [`${at}.kind: is no known kind; fix: write one of sample, artifacts, git, image`]],
])("source %j is refused", (value, problems) => {
  expect(source(value)).toEqual(problems);
});

test("replicas, environment and limits", () => {
  const bridge = {
    replicas: 21,
    env: { "1X": "a", PORT: 80, OK: "a\0b" },
    resources: { cpus: 0, memoryMB: 64 },
  };
  expect(problemsOf(local({ chat: { bridge, homeserver: { env: {} } } }))).toEqual([
    "hypha:chat.homeserver.env: is no known key; fix: remove it; known here: resources, strategy",
    "hypha:chat.bridge.replicas: is over the most allowed, 20; fix: it takes: Containers that share the load, 1 to 20. Default: 1",
    "hypha:chat.bridge.resources.cpus: is below the least allowed, 0.05; fix: it takes: CPU limit in cores, may be a fraction. Default: none",
    "hypha:chat.bridge.resources.memoryMB: is no known key; fix: did you mean memoryMiB? Otherwise remove it",
    "hypha:chat.bridge.env.1X: is no variable name; fix: use letters, digits and _, not a digit first",
    "hypha:chat.bridge.env.PORT: must be a text, is a number; fix: hypha:chat.bridge.env takes: Environment variables of the application. Not for secrets: anyone on the engine can read them. Default: none",
    "hypha:chat.bridge.env.OK: holds a NUL byte; fix: remove it",
  ]);
});

test("Postgres' cache leaves half of its memory limit", () => {
  const chat = { postgres: { sharedBuffersMiB: 300, resources: { memoryMiB: 512 } } };
  expect(problemsOf(local({ chat }))).toEqual([
    "hypha:chat.postgres.sharedBuffersMiB: is 300, over half of resources.memoryMiB (512); fix: write 256 or less, or raise the limit",
  ]);
});

test("names of the homeserver and its administrator", () => {
  expect(problemsOf(local({ chat: { serverName: "chat_1", admin: "@me" } }))).toEqual([
    "hypha:chat.serverName: is not a DNS name; fix: write lower-case labels of a-z, 0-9 and - joined by dots, like chat.example.org",
    "hypha:chat.admin: is no Matrix user name; fix: use a-z, 0-9 and . _ = / -",
  ]);
});

const edge = (value: object) => problemsOf(local({ edge: { domain: "chat.example.org", ...value } }));

test("certificates that are to come are refused by name", () => {
  const later = (kind: string) => [
    `hypha:edge.tls.kind: ${kind} certificates come in a later version; fix: write own-ca`,
  ];
  expect(edge({ tls: { kind: "acme" } })).toEqual(later("acme"));
  expect(edge({ tls: { kind: "provided" } })).toEqual(later("provided"));
  expect(edge({ tls: { kind: "none" } })).toEqual([
    "hypha:edge.tls.kind: is no known kind; fix: write one of own-ca",
  ]);
});

test("a certificate is renewed in its life, and its CA lives on", () => {
  expect(
    edge({ tls: { kind: "own-ca", validityDays: 30, renewBeforeDays: 30, caValidityDays: 20 } }),
  ).toEqual([
    "hypha:edge.tls.renewBeforeDays: is 30, which is not below validityDays (30); fix: write fewer days than validityDays",
    "hypha:edge.tls.caValidityDays: is 20, below twice validityDays (30); fix: write 60 or more: a CA is made anew when it would not outlive its next certificate",
  ]);
});

test("names and ports of the edge do not clash", () => {
  const twice = (index: number) =>
    `hypha:edge.aliases.${index}: names a domain a second time; fix: remove it`;
  expect(edge({ aliases: ["www.example.org", "chat.example.org", "www.example.org"] })).toEqual([
    twice(1),
    twice(2),
  ]);
  expect(edge({ ports: { http: 443 } })).toEqual([
    "hypha:edge.ports.https: is the same as ports.http; fix: give each its own port",
  ]);
  expect(problemsOf(vps({ port: 443 }))).toEqual([
    "hypha:edge.ports.https: is 443, the SSH port of host web1; fix: give the site another port",
  ]);
});

test("images", () => {
  expect(problemsOf(local({ images: { base: "--x", buildOn: "moon", keep: 1 } }))).toEqual([
    "hypha:images.base: is no image reference; fix: write one like debian:bookworm-slim",
    "hypha:images.buildOn: must be one of local, target; fix: it takes: Engine that builds: local (this machine's, then sent over SSH) or target (the server's own). Default: local",
    "hypha:images.keep: is below the least allowed, 2; fix: it takes: Versions of each image that stay on an engine, besides those in use: what a way back needs. Default: 5",
  ]);
});

test("nothing goes back by itself unless that is said, and an image is named by its tag", () => {
  expect(parseConfig(local()).release).toEqual({ rollbackOnFailure: false, images: {} });
  expect(problemsOf(local({ release: { images: { frontend: "latest" } } }))).toEqual([
    "hypha:release.images.frontend: is no tag of an image; fix: write the 12 hex digits that stand behind its name in make history JSON=1",
  ]);
  expect(problemsOf(local({ release: { images: { edge: "0123456789ab" } } }))).toEqual([
    "hypha:release.images.edge: is no known key; fix: remove it; known here: bridge, gateway, frontend",
  ]);
});
