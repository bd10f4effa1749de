import * as pulumi from "@pulumi/pulumi";

/** Stands for a value that only the provider will know. */
export const UNKNOWN = "<unknown until applied>";

export interface RecordedResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly custom: boolean;
  /** Plain values: secrets unwrapped, unknown ones replaced by UNKNOWN. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Dotted paths into `inputs` of what was passed as a secret. */
  readonly secretInputs: readonly string[];
  /** URN of the parent; empty at the top. */
  readonly parent: string;
  /** URNs of what it waits for: `dependsOn` and the resources behind its inputs. */
  readonly dependencies: readonly string[];
  readonly options: RecordedOptions;
  /** What a component passed to `registerOutputs`; undefined until it did. */
  outputs?: Readonly<Record<string, unknown>>;
  secretOutputs?: readonly string[];
}

export interface RecordedOptions {
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  /** URN of the explicit provider; empty without one. */
  readonly provider: string;
  /** URNs of the providers that a component hands down, by package. */
  readonly providers: Readonly<Record<string, string>>;
  readonly aliases: readonly unknown[];
  readonly replaceOnChanges: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  /** URN; empty without one. */
  readonly deletedWith: string;
  readonly customTimeouts:
    { readonly create: string; readonly update: string; readonly delete: string } | undefined;
  /** Names of hooks by when they run, like `{ beforeCreate: ["check"] }`. */
  readonly hooks: Readonly<Record<string, readonly string[]>>;
}

export interface Invoke {
  readonly token: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The parts of the monitor's messages that are read here. The SDK ships their code; these are their shapes. */
interface Struct {
  toJavaScript(): Record<string, unknown>;
}
interface List {
  getEntryList?: never;
  forEach(visit: (value: string, key: string) => void): void;
}
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getObject(): Struct | undefined;
  getDependenciesList(): string[];
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDeletebeforereplace(): boolean;
  getProvider(): string;
  getProvidersMap(): List;
  getAliasesList(): { toObject(): unknown }[];
  getReplaceonchangesList(): string[];
  getIgnorechangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getDeletedwith(): string;
  getCustomtimeouts(): { toObject(): { create: string; update: string; pb_delete: string } } | undefined;
  getHooks(): { toObject(): Record<string, string[]> } | undefined;
}
interface Response {
  getUrn(): string;
}
type Callback<R> = (error: unknown, response: R) => void;
interface Monitor {
  registerResource(request: Request, callback: Callback<Response | undefined>): Promise<void>;
  registerResourceOutputs(
    request: { getUrn(): string; getOutputs(): Struct | undefined },
    callback: Callback<unknown>,
  ): void;
}

/** `MockResourceArgs` has no parent, dependencies or options: records them from the request on its way to the mocks. */
export function wrapMonitor(resources: RecordedResource[]): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResource = (request, callback) =>
    register(request, (error, response) => {
      if (response !== undefined) {
        resources.push(record(request, response.getUrn()));
      }
      callback(error, response);
    });
  monitor.registerResourceOutputs = (request, callback) => {
    const resource = resources.find(({ urn }) => urn === request.getUrn());
    if (resource !== undefined) {
      const { value, secrets } = unwrap(request.getOutputs()?.toJavaScript() ?? {});
      resource.outputs = value as Record<string, unknown>;
      resource.secretOutputs = secrets;
    }
    registerOutputs(request, callback);
  };
}

function record(request: Request, urn: string): RecordedResource {
  const { value, secrets } = unwrap(request.getObject()?.toJavaScript() ?? {});
  const providers: Record<string, string> = {};
  request.getProvidersMap().forEach((reference, pkg) => {
    providers[pkg] = urnOf(reference);
  });
  const timeouts = request.getCustomtimeouts()?.toObject();
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    custom: request.getCustom(),
    inputs: value as Record<string, unknown>,
    secretInputs: secrets,
    parent: request.getParent(),
    dependencies: request.getDependenciesList(),
    options: {
      protect: request.getProtect() ?? false,
      retainOnDelete: request.getRetainondelete() ?? false,
      deleteBeforeReplace: request.getDeletebeforereplace(),
      provider: urnOf(request.getProvider()),
      providers,
      aliases: request.getAliasesList().map((alias) => alias.toObject()),
      replaceOnChanges: request.getReplaceonchangesList(),
      ignoreChanges: request.getIgnorechangesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      deletedWith: request.getDeletedwith(),
      customTimeouts:
        timeouts === undefined
          ? undefined
          : { create: timeouts.create, update: timeouts.update, delete: timeouts.pb_delete },
      hooks: hooksOf(request),
    },
  };
}

function hooksOf(request: Request): Record<string, readonly string[]> {
  const hooks = request.getHooks()?.toObject() ?? {};
  return Object.fromEntries(
    Object.entries(hooks)
      .filter(([, names]) => Array.isArray(names) && names.length > 0)
      .map(([when, names]) => [when.replace(/List$/, ""), names]),
  );
}

/** A provider reference is its URN and its id, joined by `::`. */
const urnOf = (reference: string): string => reference.replace(/::[^:]*$/, "");

/** The marks that the SDK's wire format puts on special values. */
const signature = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";
const unknownMark = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function unwrap(raw: unknown, path: readonly string[] = []): { value: unknown; secrets: string[] } {
  if (raw === unknownMark) {
    return { value: UNKNOWN, secrets: [] };
  }
  if (typeof raw !== "object" || raw === null) {
    return { value: raw, secrets: [] };
  }
  if ((raw as Record<string, unknown>)[signature] === secretMark) {
    const inner = unwrap((raw as { value?: unknown }).value, path);
    return { value: inner.value, secrets: [path.join("."), ...inner.secrets] };
  }
  const entries = Object.entries(raw).map(([key, value]) => ({ key, ...unwrap(value, [...path, key]) }));
  return {
    value: Array.isArray(raw)
      ? entries.map(({ value }) => value)
      : Object.fromEntries(entries.map(({ key, value }) => [key, value])),
    secrets: entries.flatMap(({ secrets }) => secrets),
  };
}
