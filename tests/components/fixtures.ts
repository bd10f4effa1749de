import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as state from "@pulumi/pulumi/runtime/state";
import { parse } from "yaml";
import { hardening } from "../../components/config/hardening";
import { parseConfig } from "../../components/config/load";
import type { StackConfig } from "../../components/config/schema";
import type { SshEndpoint } from "../../components/host/channel";
import type { HostFacts } from "../../components/host/facts";
import type { Host } from "../../components/host/host";
import { LocalEngine } from "../../components/host/localEngine";
import type { Image } from "../../components/images/serviceImage";
import { PulledImage } from "../../components/images/pulledImage";
import { Cluster } from "../../components/swarm/cluster";
import type { DeployOptions, Deployment, RecordedResource } from "../support/mocks";
import { deploy } from "../support/mocks";

export const root = join(__dirname, "..", "..");

/** Text of a file below the project's directory. */
export const projectFile = (...parts: string[]): string => readFileSync(join(root, ...parts), "utf8");

const measured = {
  hostname: "web1",
  os: "debian 12",
  kernel: "6.1.0-31-amd64",
  architecture: "x86_64",
  cpus: 4,
  memoryMiB: 8192,
  dataDirectory: "/var/lib/docker",
  diskMiB: 102400,
  diskFreeMiB: 51200,
  virtualisation: "kvm",
  address: "192.0.2.10",
  detectedAt: "2026-01-01T00:00:00Z",
  warnings: [],
};

/** What a preflight prints of the server whose `facts` these are, with what a test replaces. */
export const preflightOutput = (change: object = {}): string =>
  JSON.stringify({
    ...measured,
    devices: { blockdevices: [{ name: "sda", size: 107374182400, rota: false, type: "disk" }] },
    addresses: ["192.0.2.10", "10.0.0.10"],
    ...change,
  });

export const facts: HostFacts = {
  ...measured,
  disks: [{ device: "sda", sizeMiB: 102400, rotational: false }],
  publicAddresses: ["192.0.2.10"],
  privateAddresses: ["10.0.0.10"],
  overlayAddresses: [],
  environment: { kind: "cloud", confidence: 0.4, because: ["it is virtual and has a public address"] },
};

/** What the host scripts print. */
export function printed(name: string): string | undefined {
  if (name.endsWith("-preflight")) {
    return preflightOutput();
  }
  if (name.endsWith("-hardening-apply")) {
    return '{"skipped":[]}';
  }
  if (name.endsWith("-mycelium-service")) {
    return '{"address":"400::1","subnet":"400::/64","publicKey":"ab"}';
  }
  return /-(build|pull)$/.test(name) ? `sha256:id-of-${name}` : undefined;
}

/** The SDK has it, but leaves it out of its types. */
const { getStore } = state as unknown as { getStore: () => object };

/** An error hook as the SDK hands it to the engine. */
export interface RegisteredHook {
  readonly name: string;
  readonly callback: (failure: Record<string, unknown>) => Promise<boolean>;
}

/**
 * `deploy` where every host script prints what a good run prints. The SDK's mocks know no error hooks, and would start a
 * server for them: they are collected in `hooks` instead.
 */
export async function run<T>(
  program: () => T | Promise<T>,
  options: DeployOptions & { hooks?: RegisteredHook[] } = {},
): Promise<Deployment<T>> {
  const { hooks = [], ...rest } = options;
  const registerErrorHook = (hook: RegisteredHook): Promise<void> => {
    hooks.push(hook);
    return Promise.resolve();
  };
  const callbacks = {
    registerErrorHook,
    awaitStackRegistrations: () => Promise.resolve(),
    shutdown: () => undefined,
  };
  const withHooks = () => {
    Object.assign(getStore(), { callbacks });
    return program();
  };
  return deploy(withHooks, { stdout: printed, ...rest });
}

/** The volumes that stay after `destroy`, by their names in the graph. */
export const keptVolumes = (resources: readonly RecordedResource[]): string[] =>
  resources
    .filter(({ type, options }) => type === "docker:index/volume:Volume" && options.retainOnDelete)
    .map(({ name }) => name)
    .sort();

export const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJTXZ3fGkQ4m0pGkpBVjTgFQXuM7WlCTJX1Tq0Vn2b3z";

export const endpoint: SshEndpoint = {
  address: "192.0.2.10",
  port: 22,
  user: "root",
  hostKey,
  identity: { agent: true },
};

/** Every measure as it is by default. */
export const hardened = hardening.parse({});

export const localEngine = (): LocalEngine =>
  new LocalEngine("local", { socket: "/run/test.sock", ports: [8080, 8443] });

export const cluster = (host: Host = localEngine()): Cluster =>
  new Cluster("cluster", {
    nodes: {
      [host.name]: { host, roles: ["manager", "data", "edge", "app"], address: host.facts.address },
    },
    first: host.name,
  });

export const reference = `registry.example/app@sha256:${"a".repeat(64)}`;
export const pulled = (host: Cluster["manager"]): Image =>
  new PulledImage("app-image", { reference, nodes: [host] });

/** URN of each dependency without its stack and project: `type$type::name`. */
export const waitsFor = (resource: RecordedResource): string[] =>
  resource.dependencies.map((urn) => urn.split("::").slice(-1).join()).sort();

/** How every container of an image of ours is looked after. */
export const healthcheck = {
  tests: ["CMD", "bash", "-c", expect.any(String), "watch", "/usr/local/bin/healthcheck"],
  ...{ interval: "3s", timeout: "1m", retries: 3, startPeriod: "20s" },
};

/** How each container's log is kept. */
export const logDriver = {
  name: "json-file",
  options: {
    ...{ "max-size": "10m", "max-file": "3" },
    labels: "com.docker.swarm.service.name,com.docker.swarm.task.name",
  },
};

export const labels = (stack = "test") => [{ label: "hypha.stack", value: stack }];

/** The development stack as it is committed. */
export function devConfig(): StackConfig {
  const { config } = parse(projectFile("Pulumi.dev.yaml")) as { config: Record<string, unknown> };
  return parseConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^hypha:/, ""), value])),
  );
}

/** A stack on one server, with more than the defaults. `change` sees the raw keys before they are checked. */
export function vpsConfig(change: (raw: Record<string, unknown>) => Record<string, unknown> = (raw) => raw) {
  return parseConfig(
    change({
      hosts: { web1: { kind: "vps", address: "192.0.2.10", hostKey, user: "debian", docker: "docker" } },
      edge: { domain: "chat.example.org", aliases: ["www.example.org"] },
      chat: {
        serverName: "example.org",
        admin: "root-admin",
        bridge: { replicas: 3, env: { RUST_LOG: "info", ANOTHER: "x" }, source: { kind: "sample" } },
        gateway: { resources: { memoryMiB: 256, cpus: 0.5 } },
        frontend: { source: { kind: "image", reference } },
        postgres: { keepData: false },
      },
      images: { buildOn: "target" },
    }),
  );
}

/** What a host script is sent: its variables as they must be quoted, the libraries, the script's own, the script. */
export const sent = (variables: string, ...scripts: string[]): string =>
  variables +
  ["shell/lib.sh", "shell/facts.sh", ...scripts].map((script) => projectFile("components", script)).join("");

/** The options of a resource that has none. */
export const noOptions = {
  protect: false,
  retainOnDelete: false,
  deleteBeforeReplace: false,
  provider: "",
  providers: {},
  aliases: [],
  replaceOnChanges: [],
  ignoreChanges: [],
  additionalSecretOutputs: [],
  deletedWith: "",
  customTimeouts: { create: "", update: "", delete: "" },
  hooks: {},
};
