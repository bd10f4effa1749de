import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { build, builds, docker, extraCas, inspect, root } from "./support/docker";

/** What each image may add to its base, in MB. */
const limits: Record<string, number> = {
  postgres: 85,
  homeserver: 210,
  bridge: 50,
  gateway: 52,
  frontend: 17,
  edge: 18,
  pooler: 15,
  exporters: 55,
  prometheus: 92,
  given: 48,
};

const uids: Record<string, string> = {
  postgres: "999", homeserver: "1002", bridge: "1003", gateway: "1001", frontend: "1004", edge: "1005",
  pooler: "1006", exporters: "1007", prometheus: "1008", given: "65534",
}; // prettier-ignore

const key = `-----BEGIN PRIVATE KEY-----\n${"cGxhbnRlZA".repeat(6)}\n-----END PRIVATE KEY-----\n`;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/;

/** Published keys that come with packages: GnuTLS' self-test and the key of Synapse's (unused) debug console. */
const published = /\/(libgnutls\.so[.\d]*|synapse\/util\/(__pycache__\/)?manhole[^/]*)$/;

/** What was found in each layer, by digest: layers are shared between images. */
const searched = new Map<string, string[]>();

function* files(directory: string): Generator<string> {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) {
      yield* files(file);
    } else if (entry.isFile()) {
      yield file;
    }
  }
}

function searchLayer(tar: string, needles: string[]): string[] {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-layer-"));
  try {
    execFileSync("tar", ["-xf", tar, "-C", directory, "--no-same-owner", "--exclude=dev/*"]);
    return [...files(directory)].flatMap((file) => {
      const text = fs.readFileSync(file, "latin1");
      const hits = needles.filter((needle) => text.includes(needle));
      const keys = privateKey.test(text) && !published.test(file) ? ["a private key"] : [];
      return [...hits, ...keys].map((hit) => `${path.relative(directory, file)}: ${hit}`);
    });
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** Findings in all layers of an image and in its configuration. */
function findings(tag: string, needles: string[]): string[] {
  const saved = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-layers-"));
  try {
    execFileSync("sh", ["-c", 'docker save "$1" | tar -x -C "$2"', "sh", tag, saved]);
    const read = (file: string) => fs.readFileSync(path.join(saved, file), "utf8");
    const [manifest] = JSON.parse(read("manifest.json")) as { Config: string; Layers: string[] }[];
    const layers = (manifest?.Layers ?? []).map((layer) => path.join(saved, layer));
    expect(layers.length).toBeGreaterThan(1);
    const inLayers = layers.flatMap((layer) => {
      const digest = execFileSync("sha256sum", [layer], { encoding: "utf8" }).slice(0, 64);
      const found = searched.get(digest) ?? searchLayer(layer, needles);
      searched.set(digest, found);
      return found;
    });
    const config = read(manifest?.Config ?? "");
    return [...inLayers, ...needles.filter((needle) => config.includes(needle))];
  } finally {
    fs.rmSync(saved, { recursive: true });
  }
}

/** A line in the middle of each extra CA: it is in every bundle that has the certificate. */
function caLines(): string[] {
  const files = fs.existsSync(extraCas)
    ? fs.readdirSync(extraCas).filter((file) => file.endsWith(".crt"))
    : [];
  return files.map((file) => fs.readFileSync(path.join(extraCas, file), "utf8").split(/\r?\n/)[4] ?? "");
}

beforeAll(async () => {
  for (const spec of Object.values(builds)) {
    spec.planted = { "stray.key": key };
  }
  await Promise.all(Object.keys(builds).map((name) => build(name)));
});

describe.each(Object.keys(builds))("image %s", (name) => {
  const tag = `i-${name}`;

  it("runs as its own user, with a health check", () => {
    const [user, check] = inspect(tag, "{{.Config.User}} {{json .Config.Healthcheck.Test}}").split(" ");
    expect(user?.split(":")[0]).toBe(uids[name]);
    expect(check).toBe('["CMD","/usr/local/bin/healthcheck"]');
  });

  it("has no key, extra CA or stray file in any layer", () => {
    const needles = [...caLines().filter((line) => line.length > 40), "cGxhbnRlZAcGxhbnRlZA"];
    expect(findings(tag, needles)).toEqual([]);
  });

  it("keeps to its size", () => {
    const base = Number(docker("image", "inspect", "-f", "{{.Size}}", "debian:bookworm-slim"));
    const added = (Number(docker("image", "inspect", "-f", "{{.Size}}", tag)) - base) / 1e6;
    expect(added).toBeLessThan(limits[name] ?? 0);
  });

  it("takes its base as an argument and copies CAs into build stages only", () => {
    const text = fs.readFileSync(path.join(root, "images", name, "Dockerfile"), "utf8");
    expect(text).toMatch(/^ARG BASE=debian:bookworm-slim$/m);
    const last = text.slice(text.lastIndexOf("\nFROM "));
    expect(last).not.toMatch(/^COPY (?!--from)/m);
    expect(text).not.toMatch(/--chmod|<<|--mount/);
  });
});

it("finds what is planted (the search itself works)", () => {
  const context = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-planted-"));
  try {
    fs.writeFileSync(path.join(context, "stray.key"), key);
    fs.writeFileSync(
      path.join(context, "Dockerfile"),
      "FROM debian:bookworm-slim\nCOPY stray.key /etc/\nRUN rm /etc/stray.key\n",
    );
    docker("build", "-q", "-t", "i-planted", context);
    expect(findings("i-planted", ["cGxhbnRlZAcGxhbnRlZA"])).toEqual([
      "etc/stray.key: cGxhbnRlZAcGxhbnRlZA",
      "etc/stray.key: a private key",
    ]);
  } finally {
    fs.rmSync(context, { recursive: true });
    docker("image", "rm", "-f", "i-planted");
  }
});
