import * as pulumi from "@pulumi/pulumi";
import { mockedOutputs } from "./mockedOutputs";
import { UNKNOWN, wrapMonitor } from "./recorder";
import type { Invoke, RecordedResource } from "./recorder";

// jest's limit is 100, node's 10; the SDK takes a stack for each promise, which costs by its depth.
Error.stackTraceLimit = 20;

export { UNKNOWN };
export type { Invoke, RecordedResource };

/** A program run against the mocks; nothing carries over from one run to the next. */
export interface DeployOptions {
  /** As `pulumi preview`: ids and outputs that a provider would make are unknown. Default: false. */
  readonly preview?: boolean;
  /** Default: test. */
  readonly stack?: string;
  /** Whole keys, like `hypha:edge`; objects as JSON text, as Pulumi hands them over. */
  readonly config?: Readonly<Record<string, string>>;
  /** Keys of `config` that are encrypted in the stack file. */
  readonly secretConfig?: readonly string[];
  /** What a `command` resource prints on stdout, by its name. Default: nothing. */
  readonly stdout?: (name: string, inputs: Readonly<Record<string, unknown>>) => string | undefined;
  /** More outputs than the inputs echoed back, or a thrown error to fail the resource. */
  readonly outputs?: (resource: {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
  }) => Record<string, unknown> | undefined;
  /** Results of provider functions, by token. Default: an empty object. */
  readonly invoke?: (
    token: string,
    inputs: Readonly<Record<string, unknown>>,
  ) => Record<string, unknown> | undefined;
}

export interface Deployment<T> {
  readonly result: T;
  /** In order of registration. */
  readonly resources: readonly RecordedResource[];
  readonly invokes: readonly Invoke[];
  /** The one resource with this name, and type where several share it. Throws with what there is. */
  readonly byName: (name: string, type?: string) => RecordedResource;
  /** All resources of a type, like `docker:index/service:Service`. */
  readonly byType: (type: string) => readonly RecordedResource[];
}

/** Runs a program against the mocks and waits until every resource it made is registered. Rejects with its first error. */
export async function deploy<T>(
  program: () => T | Promise<T>,
  options: DeployOptions = {},
): Promise<Deployment<T>> {
  const preview = options.preview ?? false;
  const resources: RecordedResource[] = [];
  const invokes: Invoke[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) => {
        const given = inputs as Record<string, unknown>;
        const extra = options.outputs?.({ type, name, inputs: given });
        const made = preview ? {} : { ...mockedOutputs(type, name, given, options.stdout), ...extra };
        return { id: custom === true && !preview ? `${name}-id` : undefined, state: { ...given, ...made } };
      },
      call: ({ token, inputs }) => {
        invokes.push({ token, inputs: inputs as Record<string, unknown> });
        return options.invoke?.(token, inputs as Record<string, unknown>) ?? {};
      },
    },
    "hypha",
    options.stack ?? "test",
    preview,
  );
  pulumi.runtime.setAllConfig({ ...options.config }, [...(options.secretConfig ?? [])]);
  wrapMonitor(resources);
  const result = await settled(program);
  return {
    result,
    resources,
    invokes,
    byName: (name, type) => one(resources, name, type),
    byType: (type) => resources.filter((resource) => resource.type === type),
  };
}

/** What an output holds, seen from outside. */
export async function outputOf<T>(
  output: pulumi.Output<T>,
): Promise<{ value: T | typeof UNKNOWN; secret: boolean }> {
  // Members that the SDK has on every output and leaves out of its types.
  const inner = output as unknown as {
    promise: (withUnknowns?: boolean) => Promise<T>;
    isSecret: Promise<unknown>;
    isKnown: Promise<boolean>;
  };
  const known = await inner.isKnown;
  return { value: known ? await inner.promise() : UNKNOWN, secret: Boolean(await inner.isSecret) };
}

/**
 * The SDK reports a failed registration as an unhandled rejection only, and then its queue may never drain: so wait for
 * whichever comes first. jest's own listeners are set aside meanwhile, or they would fail the test.
 */
async function settled<T>(program: () => T | Promise<T>): Promise<T> {
  const { hostProcess } = globalThis as unknown as { hostProcess: NodeJS.Process };
  const others = hostProcess.rawListeners("unhandledRejection") as ((reason: unknown) => void)[];
  const errors: unknown[] = [];
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const listener = (reason: unknown): void => {
    errors.push(reason);
    fail(reason);
  };
  hostProcess.removeAllListeners("unhandledRejection");
  hostProcess.on("unhandledRejection", listener);
  const run = async (): Promise<T> => {
    const result = await program();
    await pulumi.runtime.disconnect();
    await quiet(errors);
    return result;
  };
  try {
    return await Promise.race([run(), failed]);
  } finally {
    await quiet(errors);
    hostProcess.off("unhandledRejection", listener);
    others.forEach((other) => hostProcess.on("unhandledRejection", other));
  }
}

/** Waits until some turns of the event loop have brought no further rejection: one failure has several echoes. */
async function quiet(errors: readonly unknown[]): Promise<void> {
  let seen = -1;
  while (seen !== errors.length) {
    seen = errors.length;
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function one(
  resources: readonly RecordedResource[],
  name: string,
  type: string | undefined,
): RecordedResource {
  const found = resources.filter(
    (resource) => resource.name === name && (type === undefined || resource.type === type),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const all = resources.map((resource) => `${resource.type} ${resource.name}`).join("\n  ");
    throw new Error(
      `${found.length} resources are named ${name}${type === undefined ? "" : ` of type ${type}`}; there are:\n  ${all}`,
    );
  }
  return only;
}
