import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { deploy, outputOf, UNKNOWN } from "./mocks";

class Pair extends pulumi.ComponentResource {
  readonly password: pulumi.Output<string>;
  constructor(name: string, options?: pulumi.ComponentResourceOptions) {
    super("hypha:test:Pair", name, {}, options);
    const password = new random.RandomPassword(`${name}-password`, { length: 24 }, { parent: this });
    new docker.Volume(
      `${name}-volume`,
      { name: "data", labels: [{ label: "secret", value: password.result }] },
      {
        parent: this,
        protect: true,
        retainOnDelete: true,
        deleteBeforeReplace: true,
        ignoreChanges: ["driver"],
      },
    );
    this.password = password.result;
    this.registerOutputs({ password: this.password, plain: "text" });
  }
}

test("records parents, dependencies, options, inputs and which of them are secret", async () => {
  const { byName, result } = await deploy(() => new Pair("pair"));
  const volume = byName("pair-volume");
  expect(volume).toMatchObject({
    type: "docker:index/volume:Volume",
    custom: true,
    inputs: { name: "data", labels: [{ label: "secret", value: "password-of-pair-password" }] },
    secretInputs: ["labels.0.value"],
    parent: byName("pair").urn,
    dependencies: [byName("pair-password").urn],
    options: {
      protect: true,
      retainOnDelete: true,
      deleteBeforeReplace: true,
      ignoreChanges: ["driver"],
      provider: "",
    },
  });
  expect(byName("pair")).toMatchObject({
    custom: false,
    parent: "",
    outputs: { password: "password-of-pair-password", plain: "text" },
    secretOutputs: ["password"],
  });
  expect(await outputOf(result.password)).toEqual({ value: "password-of-pair-password", secret: true });
});

test("an explicit provider is recorded by its URN, on the resource and on the component that hands it down", async () => {
  const { byName } = await deploy(() => {
    const provider = new docker.Provider("engine", { host: "ssh://root@192.0.2.1" });
    new docker.Network("net", { name: "net" }, { provider });
    return new Pair("pair", { providers: { docker: provider } });
  });
  const { urn } = byName("engine", "pulumi:providers:docker");
  expect(byName("net").options.provider).toBe(urn);
  expect(byName("pair").options.providers).toEqual({ docker: urn });
  expect(byName("pair-volume").options.provider).toBe(urn);
});

test("a command prints what the callback says, and PEMs of private keys are secret", async () => {
  const { result } = await deploy(
    () => ({
      facts: new command.local.Command("facts", { create: "true", stdin: "in" }).stdout,
      quiet: new command.local.Command("quiet", { create: "true" }).stdout,
      key: new tls.PrivateKey("key", { algorithm: "ED25519" }).privateKeyPem,
    }),
    { stdout: (name, inputs) => (name === "facts" ? `{"cpus":2} ${String(inputs["stdin"])}` : undefined) },
  );
  expect(await outputOf(result.facts)).toEqual({ value: '{"cpus":2} in', secret: false });
  expect(await outputOf(result.quiet)).toEqual({ value: "", secret: false });
  expect(await outputOf(result.key)).toMatchObject({
    value: expect.stringContaining("BEGIN PRIVATE KEY"),
    secret: true,
  });
});

test("in a preview what a provider makes is unknown, and inputs made of it are too", async () => {
  const { byName, result } = await deploy(
    () => {
      const id = new random.RandomId("id", { byteLength: 4 });
      new docker.Secret("secret", { name: pulumi.interpolate`s-${id.hex}`, data: "ZGF0YQ==" });
      return id.hex;
    },
    { preview: true },
  );
  expect(byName("secret").inputs).toMatchObject({ name: UNKNOWN });
  expect((await outputOf(result)).value).toBe(UNKNOWN);
});

test("each deployment starts afresh, with its own stack and configuration", async () => {
  const program = () => ({ stack: pulumi.getStack(), value: new pulumi.Config("hypha").get("key") });
  const first = await deploy(program, { stack: "one", config: { "hypha:key": "a" } });
  const second = await deploy(program, { stack: "two" });
  expect(first.result).toEqual({ stack: "one", value: "a" });
  expect(second.result).toEqual({ stack: "two", value: undefined });
  expect(second.resources).toEqual([]);
});

test("an error in the program, in an apply or in a resource rejects the deployment", async () => {
  await expect(
    deploy(() => {
      throw new Error("at once");
    }),
  ).rejects.toThrow("at once");
  const late = () => {
    const name = pulumi.output("x").apply((): string => {
      throw new Error("in an apply");
    });
    return new docker.Network("net", { name });
  };
  await expect(deploy(late)).rejects.toThrow("in an apply");
  await expect(
    deploy(() => new docker.Network("net", { name: "x" }), {
      outputs: () => {
        throw new Error("refused");
      },
    }),
  ).rejects.toThrow("refused");
  const { byName } = await deploy(() => new docker.Network("net", { name: "x" }));
  expect(() => byName("other")).toThrow(/0 resources are named other.*docker:index\/network:Network net/s);
});
