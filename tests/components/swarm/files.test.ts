import * as pulumi from "@pulumi/pulumi";
import { ConfigFile, SecretFile } from "../../../components/swarm/files";
import { cluster, labels, noOptions, run, waitsFor } from "../fixtures";

const base64 = (text: string) => Buffer.from(text).toString("base64");

const kinds = {
  config: (content: pulumi.Input<string>) => new ConfigFile("file", cluster(), { content }),
  secret: (content: pulumi.Input<string>) => new SecretFile("file", cluster(), { content }),
};

test("a config holds its content, and leaves its name to Pulumi, which makes a new one before the old one goes", async () => {
  const { byName } = await run(() => kinds.config("héllo\n"));
  const made = byName("file");
  expect(made.type).toBe("docker:index/serviceConfig:ServiceConfig");
  expect(made.inputs).toEqual({ data: base64("héllo\n"), labels: labels() });
  expect(made.secretInputs).toEqual([]);
  expect(made.options).toEqual({ ...noOptions, provider: byName("local-docker").urn });
  expect(waitsFor(made)).toEqual(["cluster-node-local"]);
});

test("a secret's content is a secret at every step, its name is none", async () => {
  const { byName } = await run(() => kinds.secret("hello"));
  const made = byName("file");
  expect(made.type).toBe("docker:index/secret:Secret");
  expect(made.inputs).toEqual({ data: base64("hello"), labels: labels() });
  expect(made.secretInputs).toEqual(["data"]);
  expect(made.options).toEqual({
    ...noOptions,
    provider: byName("local-docker").urn,
    additionalSecretOutputs: ["data"],
  });
});

test.each([ConfigFile, SecretFile])("a parent given is its parent", async (Kind) => {
  const { byName } = await run(() => {
    const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
    return new Kind("child", cluster(), { content: "x" }, { parent });
  });
  expect(byName("child").parent).toBe(byName("parent").urn);
});

test.each(Object.entries(kinds))("the content of a %s may be unknown in a preview", async (_, make) => {
  const { byName } = await run(() => make("hello"), { preview: true });
  expect(byName("file").inputs).toMatchObject({ data: base64("hello") });
});
