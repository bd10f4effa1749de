import { z } from "zod";
import { dnsName, problem, whenSound } from "./fields";
import { source } from "./source";
import { onlyRolling, strategy } from "./strategy";

const resources = z
  .strictObject({
    memoryMiB: z
      .int()
      .min(16)
      .max(1_048_576)
      .optional()
      .describe("Memory limit in MiB. Default: the component's"),
    cpus: z
      .number()
      .min(0.05)
      .max(1024)
      .optional()
      .describe("CPU limit in cores, may be a fraction. Default: none"),
  })
  .optional()
  .describe("Limits of each container. Default: the component's");

const env = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
      error: "is no variable name; fix: use letters, digits and _, not a digit first",
    }),
    z.string().refine((value) => !value.includes("\0"), { error: "holds a NUL byte; fix: remove it" }),
  )
  .default({})
  .describe(
    "Environment variables of the application. Not for secrets: anyone on the engine can read them. Default: none",
  );

const app = () => ({
  source,
  resources,
  env,
  strategy,
});

const replicas = z
  .int()
  .min(1)
  .max(20)
  .default(1)
  .describe("Containers that share the load, 1 to 20. Default: 1");

const postgres = z
  .strictObject({
    maxConnections: z
      .int()
      .min(20)
      .max(10_000)
      .default(100)
      .describe("Connections at once, 20 to 10000. Default: 100"),
    sharedBuffersMiB: z
      .int()
      .min(1)
      .max(262_144)
      .optional()
      .describe("Postgres' own cache in MiB. Default: a quarter of its memory limit"),
    keepData: z
      .boolean()
      .default(true)
      .describe("true: destroy leaves the data volume, protected; false: destroy removes it. Default: true"),
    resources,
    strategy: onlyRolling("database"),
  })
  .superRefine(
    (value, context) => {
      const limit = value.resources?.memoryMiB;
      if (limit !== undefined && value.sharedBuffersMiB !== undefined && value.sharedBuffersMiB > limit / 2) {
        problem(
          context,
          ["sharedBuffersMiB"],
          `is ${value.sharedBuffersMiB}, over half of resources.memoryMiB (${limit})`,
          `write ${Math.max(1, Math.floor(limit / 2))} or less, or raise the limit`,
        );
      }
    },
    whenSound("sharedBuffersMiB", "resources"),
  )
  .prefault({})
  .describe("The database of the chat");

export const chat = z
  .strictObject({
    serverName: dnsName()
      .optional()
      .describe(
        "Matrix server name, the part after the colon in @user:name; it can never change. Default: edge.domain",
      ),
    admin: z
      .string()
      .max(100)
      .regex(/^[a-z0-9._=/-]+$/, { error: "is no Matrix user name; fix: use a-z, 0-9 and . _ = / -" })
      .default("admin")
      .describe("Name of the first user, an administrator, before the colon. Default: admin"),
    postgres,
    homeserver: z
      .strictObject({ resources, strategy: onlyRolling("database") })
      .prefault({})
      .describe("The Matrix homeserver, always one container"),
    bridge: z
      .strictObject({ replicas, ...app() })
      .prefault({})
      .describe("The Matrix bridge"),
    gateway: z
      .strictObject({ replicas, ...app() })
      .prefault({})
      .describe("The web gateway"),
    frontend: z
      .strictObject({ replicas, ...app() })
      .prefault({})
      .describe("The web page"),
  })
  .describe("The chat system");

export type Resources = z.infer<typeof resources>;
