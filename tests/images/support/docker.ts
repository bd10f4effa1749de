import { execFile, execFileSync, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { promisify } from "util";

export const root = path.resolve(__dirname, "../../..");
export const fixtures = path.join(root, "tests/images/fixtures");

/** Containers, volumes and networks of these tests, and nothing else, are called so. */
const prefix = "i-";

export interface Result {
  code: number;
  out: string;
}

const env = { ...process.env, DOCKER_BUILDKIT: process.env.DOCKER_BUILDKIT ?? "0" };

/** Runs docker; the output holds both streams. */
export function tryDocker(...args: string[]): Result {
  const { status, stdout, stderr } = spawnSync("docker", args, { encoding: "utf8", env, maxBuffer: 1 << 26 });
  return { code: status ?? -1, out: `${stdout}${stderr}` };
}

export function docker(...args: string[]): string {
  const { code, out } = tryDocker(...args);
  if (code !== 0) {
    throw new Error(`docker ${args.join(" ")}: exit code ${code}\n${out}`);
  }
  return out.trim();
}

/** Removes what these tests made, in this run or one that was cut off. */
export function clean(): void {
  for (const [list, remove] of [
    [
      ["ps", "-aq"],
      ["rm", "-f", "-v"],
    ],
    [
      ["volume", "ls", "-q"],
      ["volume", "rm"],
    ],
    [
      ["network", "ls", "-q"],
      ["network", "rm"],
    ],
  ] as const) {
    const found = docker(...list, "--filter", `name=^${prefix}`)
      .split("\n")
      .filter(Boolean);
    if (found.length > 0) {
      docker(...remove, ...found);
    }
  }
}

export const extraCas = "/usr/local/share/ca-certificates";

export interface Build {
  packages?: string;
  app?: string;
  /** Files put in the context besides the image's own, to see where they end up. */
  planted?: Record<string, string>;
}

/** Which packages and app each image takes; the samples stand in for the real apps. */
export const builds: Record<string, Build> = {
  postgres: {},
  homeserver: {},
  bridge: { packages: "python3", app: "lab/apps/bridge" },
  gateway: { packages: "python3 python3-psycopg2", app: "lab/apps/gateway" },
  frontend: { app: "lab/apps/frontend" },
  edge: {},
  pooler: {},
  exporters: {},
  prometheus: {},
  given: { packages: "python3", app: "lab/apps/loki" },
};

/** Builds as the deployment does: the image's directory, the app under app/, the machine's extra CAs under .ca/. */
export async function build(name: string, tag = `${prefix}${name}`): Promise<string> {
  const spec = builds[name];
  if (spec === undefined) {
    throw new Error(`no image is called ${name}`);
  }
  const context = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-image-"));
  try {
    fs.cpSync(path.join(root, "images", name), context, { recursive: true });
    if (spec.app !== undefined) {
      fs.cpSync(path.join(root, spec.app), path.join(context, "app"), { recursive: true });
    }
    fs.mkdirSync(path.join(context, ".ca"));
    fs.writeFileSync(path.join(context, ".ca/.keep"), "");
    for (const file of fs.existsSync(extraCas) ? fs.readdirSync(extraCas) : []) {
      if (file.endsWith(".crt")) {
        fs.copyFileSync(path.join(extraCas, file), path.join(context, ".ca", file));
      }
    }
    for (const [file, content] of Object.entries(spec.planted ?? {})) {
      fs.writeFileSync(path.join(context, file), content);
    }
    await promisify(execFile)(
      "docker",
      ["build", "-q", "-t", tag, "--build-arg", `PACKAGES=${spec.packages ?? ""}`, context],
      { env, maxBuffer: 1 << 26 },
    );
    return tag;
  } finally {
    fs.rmSync(context, { recursive: true });
  }
}

/** Starts a container the hard way: read-only root, no capabilities, only /tmp writable. */
export function start(name: string, image: string, ...args: string[]): string {
  const container = `${prefix}${name}`;
  docker("run", "-d", "--name", container, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--health-interval", "1s", ...args, image); // prettier-ignore
  return container;
}

export function inspect(container: string, format: string): string {
  return docker("inspect", "-f", format, container);
}

export const logs = (container: string): string => tryDocker("logs", container).out;

/** Polls until the probe is true; what it waited for is in the error. */
export async function until(
  what: string,
  seconds: number,
  probe: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await probe())) {
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${seconds} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export async function healthy(container: string, seconds = 60): Promise<void> {
  await health(container, "healthy", seconds);
}

export async function health(container: string, wanted: string, seconds: number): Promise<void> {
  await until(`${container} ${wanted}`, seconds, () => {
    const [state, status] = inspect(container, "{{.State.Status}} {{.State.Health.Status}}").split(" ");
    if (state === "exited") {
      throw new Error(`${container} ended:\n${logs(container)}`);
    }
    return status === wanted;
  });
}

/** Waits for the container's end and gives its exit code. */
export async function ended(container: string, seconds: number): Promise<number> {
  await until(`${container} ended`, seconds, () => inspect(container, "{{.State.Running}}") === "false");
  return Number(inspect(container, "{{.State.ExitCode}}"));
}

/** Stops as the engine does at a deployment; gives the seconds it took and the exit code. */
export function stop(container: string): { seconds: number; code: number } {
  const begun = Date.now();
  docker("stop", "-t", "20", container);
  return { seconds: (Date.now() - begun) / 1000, code: Number(inspect(container, "{{.State.ExitCode}}")) };
}

/** The address on the host's loopback where the container's port (started with `-p 127.0.0.1::port`) answers. */
export const published = (container: string, port: number): string => docker("port", container, String(port));

/** A volume holding the files given. */
export function volumeWith(name: string, image: string, script = "true"): string {
  const volume = `${prefix}${name}`;
  docker("volume", "create", volume);
  docker("run", "--rm", "--entrypoint", "bash", "-v", `${volume}:/v`, "-u", "0", image, "-ec", script);
  return volume;
}

const made: string[] = [];
afterAll(() => made.forEach((directory) => fs.rmSync(directory, { recursive: true })));

/** A directory of files for this test file, readable in the containers. */
export function secrets(values: Record<string, string>): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-secrets-"));
  made.push(directory);
  fs.chmodSync(directory, 0o755);
  for (const [file, value] of Object.entries(values)) {
    fs.writeFileSync(path.join(directory, file), value, { mode: 0o444 });
  }
  return directory;
}

export function selfSigned(directory: string): void {
  const [key, crt] = [path.join(directory, "tls.key"), path.join(directory, "tls.crt")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", crt],
    { stdio: "pipe" }); // prettier-ignore
  fs.chmodSync(key, 0o444);
}
