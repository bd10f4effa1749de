import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../components/config/load";
import { upstreamImages } from "../../components/config/versions";
import { imagesChecked, pulledImages } from "../../ops/lib/imageChecks";
import { hostKey } from "../support/config";

const server = (address: string, roles: string[]) => ({ kind: "vps", address, hostKey, roles });
const config = (observability?: object) =>
  parseConfig({
    hosts: {
      db: server("192.0.2.1", ["manager", "data", "edge", "app"]),
      ...(observability === undefined ? {} : { obs: server("192.0.2.2", ["observe"]) }),
    },
    edge: { domain: "chat.test" },
    ...(observability === undefined ? {} : { observability }),
  });
const said = (...lines: string[]) => ({ code: 0, output: `${lines.join("\n")}\n`, problem: "" });

test("each image is pulled where it runs", () => {
  expect(pulledImages(config({ logs: {}, grafana: { source: { kind: "artifacts", path: "/x" } } }))).toEqual([
    { key: "logs.loki", reference: upstreamImages.loki, hosts: ["obs"] },
    { key: "logs.alloy", reference: upstreamImages.alloy, hosts: ["db", "obs"] },
  ]);
  expect(pulledImages(config())).toEqual([]);
});

test("what is left out is said, and stops nothing; a stack that watches nothing is told nothing", () => {
  expect(imagesChecked(config({}), {})).toEqual([
    {
      name: "logs, Grafana",
      verdict: "ok",
      what: "left out, as the configuration has no hypha:observability.logs and no hypha:observability.grafana",
    },
  ]);
  expect(imagesChecked(config(), {})).toEqual([]);
});

test("an image that a registry refuses stops the deployment, by host and with the way without; an engine to come does not", () => {
  const wanted = config({ logs: {}, grafana: {} });
  const refused = imagesChecked(wanted, {
    db: said("refused: dial tcp: no route to host"),
    obs: said("there", "refused: dial tcp: no route to host", "pullable"),
  });
  expect(refused).toEqual([
    {
      name: "logs, Grafana",
      verdict: "FAILED",
      what: ["db", "obs"]
        .map((host) => `${host} cannot pull ${upstreamImages.alloy}: dial tcp: no route to host`)
        .join("\n"),
      fix: "take hypha:observability.logs out, everything else works without; or give files: source: { kind: artifacts, path: … }",
    },
  ]);
  const fine = { name: "logs, Grafana", verdict: "ok", what: "3 images can be pulled, or will be" };
  expect(imagesChecked(wanted, { db: said("engine"), obs: said("there", "pullable", "login") })).toEqual([
    fine,
  ]);
  // Who cannot be reached is told so by another check.
  expect(imagesChecked(wanted, { db: { code: 255, output: "", problem: "no answer" } })).toEqual([fine]);
});

test("a host asks its engine for an image, then the registry, whose last words it passes on", () => {
  const directory = mkdtempSync(join(tmpdir(), "hypha-docker-"));
  try {
    const docker = join(directory, "docker");
    writeFileSync(
      docker,
      `#!/bin/sh
case "$1 $2 $3" in
  "version  ") [ -z "$NO_ENGINE" ] ;;
  "image inspect here") ;;
  "manifest inspect there") [ "$DOCKER_CLI_EXPERIMENTAL" = enabled ] ;;
  "manifest inspect private") echo "denied: requested access" >&2; exit 1 ;;
  *) printf 'first\\ndial tcp: no route\\n' >&2; exit 1 ;;
esac
`,
    );
    chmodSync(docker, 0o755);
    const script = join(__dirname, "..", "..", "ops", "lib", "pullable.sh");
    const ask = (env: object) =>
      spawnSync("bash", [script, "here", "there", "private", "gone"], {
        encoding: "utf8",
        env: { PATH: `${directory}:${process.env["PATH"] ?? ""}`, ...env },
      });
    expect(ask({})).toMatchObject({
      status: 0,
      stdout: "there\npullable\nlogin\nrefused: dial tcp: no route\n",
    });
    expect(ask({ NO_ENGINE: "1" }).stdout).toBe("engine\n".repeat(4));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
