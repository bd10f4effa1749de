import { z } from "zod";
import { checkFleet } from "./cluster";
import { environment } from "./environment";
import { accountName, address, ipAddress, hostName, plainText, port, problem, whenSound } from "./fields";
import { gridVm } from "./gridVm";
import { hardening } from "./hardening";
import { hostKey } from "./hostKey";

export const hostRoles = ["manager", "data", "edge", "app", "observe"] as const;
export type HostRole = (typeof hostRoles)[number];

const roles = z
  .array(z.enum(hostRoles))
  .min(1)
  .refine((list) => new Set(list).size === list.length, {
    error: "names a role twice; fix: keep each role once",
  })
  .default(["manager", "data", "edge", "app"])
  .describe(
    "What runs there: manager (the swarm's; 1 or 3 of them), data (Postgres and the homeserver; one host), edge (Nginx), app (the rest), observe (Prometheus; one host, see hypha:observability). Default: manager, data, edge, app",
  );

export const localHost = z
  .strictObject({
    kind: z.literal("local"),
    socket: plainText()
      .regex(/^\//, {
        error: "is no absolute path; fix: write the path of the engine's socket",
      })
      .default("/var/run/docker.sock")
      .describe("Path of the engine's Unix socket. Default: /var/run/docker.sock"),
    roles,
  })
  .describe("The Docker engine of the machine that runs pulumi");

const identity = z
  .union(
    [
      z.strictObject({
        keyFile: plainText().describe(
          "Path of a private key file without a passphrase; a leading ~ is your home",
        ),
      }),
      z.strictObject({ agent: z.literal(true).describe("true: the keys of the running SSH agent") }),
    ],
    { error: "must name one identity; fix: write either keyFile: <path of a private key> or agent: true" },
  )
  .prefault({ agent: true })
  .describe("What logs in over SSH: { keyFile: path } or { agent: true }. Default: { agent: true }");

const sizes = (cpus: number, memoryMiB: number, diskGiB: number) =>
  z
    .strictObject({
      cpus: z.int().min(1).max(1024).default(cpus).describe(`CPUs. Default: ${cpus}`),
      memoryMiB: z
        .int()
        .min(256)
        .max(16_777_216)
        .default(memoryMiB)
        .describe(`Memory in MiB. Default: ${memoryMiB}`),
      diskGiB: z
        .int()
        .min(1)
        .max(1_048_576)
        .default(diskGiB)
        .describe(`Free disk in GiB. Default: ${diskGiB}`),
    })
    .prefault({});

export const vpsHost = z
  .strictObject({
    kind: z.literal("vps"),
    address: address().describe("IPv4 or IPv6 address, or DNS name, that SSH connects to"),
    privateAddress: ipAddress()
      .optional()
      .describe(
        "IP address that the other hosts of the fleet reach it by, if it is not `address`. Default: `address`",
      ),
    port: port().default(22).describe("SSH port, 1 to 65535. Default: 22"),
    user: accountName()
      .default("root")
      .describe("Account of the first contact: root, or one with passwordless sudo. Default: root"),
    hostKey: hostKey().describe(
      "The server's public host key, pinned: type and base64 as in /etc/ssh/ssh_host_ed25519_key.pub",
    ),
    identity,
    deployUser: accountName()
      .default("muser")
      .describe("Account that deployments use, made when missing. Default: muser"),
    docker: z
      .enum(["distribution", "docker", "present"])
      .default("distribution")
      .describe(
        "Where the engine comes from: distribution (its packages), docker (Docker's repository), present (already there). Default: distribution",
      ),
    minimum: sizes(1, 1024, 5).describe("A smaller server is refused. Default: 1 CPU, 1024 MiB, 5 GiB free"),
    recommended: sizes(4, 8192, 50).describe(
      "A smaller server gets a warning. Default: 4 CPUs, 8192 MiB, 50 GiB free",
    ),
    environment,
    gridVm,
    hardening,
    roles,
  })
  .superRefine(
    (host, context) => {
      for (const size of ["cpus", "memoryMiB", "diskGiB"] as const) {
        if (host.recommended[size] < host.minimum[size]) {
          problem(
            context,
            ["recommended", size],
            `is ${host.recommended[size]}, below minimum.${size} (${host.minimum[size]})`,
            `write ${host.minimum[size]} or more, or lower minimum.${size}`,
          );
        }
      }
    },
    whenSound("minimum", "recommended"),
  )
  .describe("A server reached over SSH");

export const host = z.discriminatedUnion("kind", [localHost, vpsHost]);

export const hosts = z
  .record(hostName(), host)
  .superRefine(checkFleet)
  .describe("The machines, by name: the local engine alone, or any number of servers");

export type LocalHost = z.infer<typeof localHost>;
export type VpsHost = z.infer<typeof vpsHost>;
export type Host = z.infer<typeof host>;
export type Hosts = z.infer<typeof hosts>;
