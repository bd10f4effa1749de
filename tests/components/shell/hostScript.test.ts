import * as pulumi from "@pulumi/pulumi";
import type { HostScriptArgs } from "../../../components/shell/hostScript";
import { hostScript } from "../../../components/shell/hostScript";
import { endpoint, run, sent } from "../fixtures";

const script = "host/scripts/local.sh";
const local = { kind: "local", socket: "/run/test.sock" } as const;
const ssh = (user: string) => ({ kind: "ssh", endpoint: { ...endpoint, user } }) as const;
const make = (args: Partial<HostScriptArgs>) =>
  run(() => hostScript("it", { channel: local, script, ...args }, {})).then(({ byName }) => byName("it"));

test("the local engine's scripts run on this machine, others by SSH", async () => {
  expect((await make({})).type).toBe("command:local:Command");
  expect((await make({ channel: ssh("root") })).type).toBe("command:remote:Command");
});

test.each([
  ["a local script that needs root, as whoever runs Pulumi", { root: true }, ""],
  ["root", { channel: ssh("root"), root: true }, ""],
  ["another login", { channel: ssh("debian"), root: true }, "sudo -n "],
  ["another login that needs no root", { channel: ssh("debian") }, ""],
])("%s", async (_, args, elevate) => {
  expect((await make(args)).inputs).toMatchObject({
    create: `${elevate}bash -s -- up`,
    update: `${elevate}bash -s -- up`,
  });
  expect((await make(args)).inputs).not.toHaveProperty("delete");
  expect((await make({ ...args, undo: true })).inputs).toMatchObject({ delete: `${elevate}bash -s -- down` });
});

test("nothing but stdin carries the script and its variables; a change of either updates in place", async () => {
  const { inputs } = await make({ variables: { A: "it's\n$HOME", B: pulumi.output("later") } });
  expect(inputs).toEqual({
    create: "bash -s -- up",
    update: "bash -s -- up",
    logging: "stderr",
    addPreviousOutputInEnv: false,
    stdin: sent("export A='it'\\''s\n$HOME'\nexport B='later'\n", script),
  });
});

test("what is only for undoing runs nothing before; new triggers take it away before it is made anew", async () => {
  const { inputs, options } = await make({ undo: "only", triggers: ["1"] });
  expect(inputs).toMatchObject({ delete: "bash -s -- down", triggers: ["1"] });
  expect(inputs).not.toHaveProperty("create");
  expect(inputs).not.toHaveProperty("update");
  expect(options.deleteBeforeReplace).toBe(true);
});

test("one secret among the variables makes the input a secret", async () => {
  const secret = await make({ variables: { A: "plain", B: pulumi.secret("hidden") } });
  expect(secret.secretInputs).toEqual(["stdin"]);
  expect((await make({ variables: { A: "plain" } })).secretInputs).toEqual([]);
});
