import * as pulumi from "@pulumi/pulumi";
import { ConfigFile } from "../../../components/swarm/configFile";
import { SecretFile } from "../../../components/swarm/secretFile";
import type { Deployment } from "../../support/mocks";
import { outputOf, UNKNOWN } from "../../support/mocks";
import { cluster, labels, noOptions, run, waitsFor } from "../fixtures";

const base64 = (text: string) => Buffer.from(text).toString("base64");

const kinds = {
  config: (content: pulumi.Input<string>) => new ConfigFile("file", cluster(), { content }),
  secret: (content: pulumi.Input<string>) => new SecretFile("file", cluster(), { content }),
};

test("a config holds its content and has a name of its own", async () => {
  const { byName, result } = await run(() => kinds.config("héllo\n"));
  const made = byName("file-config");
  expect(made).toMatchObject({
    type: "docker:index/serviceConfig:ServiceConfig",
    parent: byName("file").urn,
  });
  expect(made.inputs).toEqual({
    name: expect.stringMatching(/^hypha-test-file-[0-9a-f]{8}$/),
    data: base64("héllo\n"),
    labels: labels(),
  });
  expect(made.secretInputs).toEqual([]);
  expect(made.options).toEqual({ ...noOptions, provider: byName("local-docker").urn });
  expect(waitsFor(made)).toEqual(["cluster-init", "cluster-network", "file-version"]);
  expect(byName("file")).toMatchObject({
    outputs: { configId: "file-config-id", configName: made.inputs["name"] },
    secretOutputs: [],
  });
  expect(await outputOf(result instanceof ConfigFile ? result.configId : pulumi.output(""))).toEqual({
    value: "file-config-id",
    secret: false,
  });
});

test("a secret's content is a secret at every step, its name is none", async () => {
  const { byName } = await run(() => kinds.secret("hello"));
  const made = byName("file-secret");
  expect(made).toMatchObject({ type: "docker:index/secret:Secret", parent: byName("file").urn });
  expect(made.inputs).toEqual({
    name: expect.stringMatching(/^hypha-test-file-[0-9a-f]{8}$/),
    data: base64("hello"),
    labels: labels(),
  });
  expect(made.secretInputs).toEqual(["data"]);
  expect(made.options).toEqual({
    ...noOptions,
    provider: byName("local-docker").urn,
    additionalSecretOutputs: ["data"],
  });
  expect(byName("file-version").secretInputs).toEqual(["keepers.content"]);
  expect(byName("file")).toMatchObject({
    outputs: { secretId: "file-secret-id", secretName: made.inputs["name"] },
    secretOutputs: [],
  });
});

test.each(Object.entries(kinds))("new content gives a %s a new name, equal content none", async (_, make) => {
  const version = ({ byName }: Deployment<unknown>) => byName("file-version").inputs;
  const first = version(await run(() => make("hello")));
  expect(first).toEqual({ byteLength: 4, keepers: { content: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  expect(version(await run(() => make(pulumi.output("hello"))))).toEqual(first);
  expect(version(await run(() => make("hello!")))).not.toEqual(first);
});

test.each(Object.entries(kinds))("the content of a %s may be unknown in a preview", async (kind, make) => {
  const { byName } = await run(() => make("hello"), { preview: true });
  expect(byName(`file-${kind}`).inputs).toMatchObject({ name: UNKNOWN, data: base64("hello") });
});
