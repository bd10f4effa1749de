import * as fs from "node:fs";
import * as path from "node:path";

import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { type Outcome, Stand, ours } from "./support/stand";

// Expectations: pulumi-command v1.2.1, provider/pkg/provider/local/{commandController,commandOutputs}.go
// and common/inputs.go, and the resource's reference at pulumi.com/registry.

const secret = "s3cr3t-on-stdin";

/** The log without what a failed expectation should not print. */
function lines(outcome: Outcome): string {
  return outcome.log.replace(/y{100,}/g, "y…");
}

jest.setTimeout(120_000);

describe("command:local:Command", () => {
  let stand: Stand;
  let file: (name: string) => string;
  beforeAll(async () => {
    stand = await Stand.make("local");
    file = (name) => path.join(stand.directory, name);
  });
  afterAll(() => stand.remove());

  /** `v` is what a second deployment changes. */
  const program = (v: string) => async () => {
    const everything = new local.Command("everything", {
      create: 'cat; echo "$WORD" $(basename "$PWD"); echo problem >&2',
      stdin: "grüß 🍄\n",
      environment: { WORD: "word" },
      dir: stand.directory,
    });
    const updated = new local.Command("updated", {
      create: "echo created",
      update: 'echo "updated after $PULUMI_COMMAND_STDOUT"',
      environment: { V: v },
    });
    const recreated = new local.Command("recreated", { create: "echo $V", environment: { V: v } });
    const triggered = new local.Command("triggered", {
      create: "date +%s%N",
      update: "echo never",
      triggers: [v],
    });
    new local.Command("deleted", {
      create: "echo out; echo err >&2",
      delete: `printf '%s %s' "$PULUMI_COMMAND_STDOUT" "$PULUMI_COMMAND_STDERR" > ${file("deleted")}`,
    });
    new local.Command("deaf", { delete: `touch ${file("only-delete")}` });
    const hidden = new local.Command(
      "hidden",
      { create: "cat >/dev/null; echo done", stdin: pulumi.secret(secret) },
      { additionalSecretOutputs: ["stdout"] },
    );
    const interpreted = new local.Command("interpreted", {
      create: "process.stdout.write(String(6 * 7))",
      interpreter: [process.execPath, "-e"],
    });
    const long = new local.Command("long", {
      create: "head -c 200000 /dev/zero | tr '\\0' x",
      logging: "none",
    });
    const logged = new local.Command("logged", {
      create: "head -c 100000 /dev/zero | tr '\\0' y; echo; echo shown; echo kept-back >&2",
      logging: "stdout",
    });
    const big = new local.Command("big", { create: "wc -c", stdin: "z".repeat(1_000_000) });
    return {
      everything: everything.stdout,
      problem: everything.stderr,
      updated: updated.stdout,
      recreated: recreated.stdout,
      triggered: triggered.stdout,
      hidden: hidden.stdout,
      interpreted: interpreted.stdout,
      long: long.stdout.apply((text) => text.length),
      logged: logged.stderr,
      big: big.stdout,
    };
  };

  let first: Outcome;

  test("preview runs nothing and knows no output", async () => {
    const outcome = await stand.preview(program("1"));
    expect(outcome.error).toBeUndefined();
    expect(new Set(Object.values(outcome.steps))).toEqual(new Set(["create"]));
    expect(lines(outcome)).not.toContain("shown");
    expect(outcome.outputs).toEqual({});
  });

  test("create runs the command and keeps its output without the last newline", async () => {
    first = await stand.up(program("1"));
    expect(first.error).toBeUndefined();
    expect(first.outputs).toMatchObject({
      everything: `grüß 🍄\nword ${path.basename(stand.directory)}`,
      problem: "problem",
      updated: "created",
      recreated: "1",
      hidden: "done",
      interpreted: "42",
      long: 200_000,
      logged: "kept-back",
      big: "1000000",
    });
  });

  test("output lines are logged as the logging input says; a line over 64 KB does not block", () => {
    expect(lines(first)).toContain("shown");
    // Once: as a stack output.
    expect(lines(first).split("kept-back").length - 1).toBe(1);
    expect(lines(first)).not.toContain("xxxxxxxx");
  });

  // An output is secret by name only (pulumi-go-provider, infer/resource.go): stdin does not taint stdout.
  test("a secret stdin is in neither log nor state; an output is secret where the program says so", async () => {
    expect(first.secrets).toEqual(["hidden"]);
    expect(first.log.includes(secret)).toBe(false);
    expect(stand.state().includes(secret)).toBe(false);
  });

  test("the same program changes nothing", async () => {
    const outcome = await stand.up(program("1"));
    expect(new Set(Object.values(outcome.steps))).toEqual(new Set(["same"]));
    expect(outcome.outputs.triggered).toBe(first.outputs.triggered);
  });

  test("a change runs update, else create again; triggers replace even with an update", async () => {
    const outcome = await stand.up(program("2"));
    expect(outcome.error).toBeUndefined();
    expect(outcome.steps).toMatchObject({
      updated: "update",
      recreated: "update",
      triggered: "replace",
      everything: "same",
    });
    expect(outcome.outputs).toMatchObject({ updated: "updated after created", recreated: "2" });
    expect(outcome.outputs.triggered).not.toBe(first.outputs.triggered);
    expect(outcome.outputs.triggered).not.toBe("never");
  });

  test("destroy runs delete with the last output in its environment", async () => {
    expect((await stand.destroy()).error).toBeUndefined();
    expect(fs.readFileSync(file("deleted"), "utf8")).toBe("out err");
    expect(fs.existsSync(file("only-delete"))).toBe(true);
  });

  test("a failing command fails the deployment with its status, text and output, not its stdin", async () => {
    const outcome = await stand.up(async () => {
      new local.Command("failing", { create: "cat >/dev/null; echo last words; exit 3", stdin: secret });
    });
    expect(outcome.error).toContain("exit status 3: running");
    expect(outcome.error).toContain("last words");
    expect(outcome.error).toContain("exit 3");
    expect(`${outcome.error} ${outcome.log}`).not.toContain(secret);
    const killed = await stand.up(async () => {
      new local.Command("killed", { create: "kill -9 $$" });
    });
    expect(killed.error).toContain("signal: killed: running");
  });

  test("a failing update keeps the last outputs and is tried again", async () => {
    const marker = file("allowed");
    const retried = (v: string) => async () => ({
      out: new local.Command("retried", { create: `{ [ ${v} = 1 ] || cat ${marker}; } && echo ${v}` }).stdout,
    });
    await stand.up(retried("1"));
    const failed = await stand.up(retried("2"));
    expect(failed.error).toContain("exit status 1");

    expect(stand.state()).toMatch(/"stdout": ?"1"/);
    fs.writeFileSync(marker, "");
    expect((await stand.up(retried("2"))).steps.retried).toBe("update");
  });

  test("assetPaths and archivePaths: refused with a reason by ours, taken by the official one", async () => {
    const outcome = await stand.preview(async () => {
      new local.Command("assets", { create: "true", assetPaths: ["*"], archivePaths: ["*"] });
    });
    expect(outcome.error?.includes("assetPaths") ?? false).toBe(ours);
    expect(outcome.error?.includes("archivePaths") ?? false).toBe(ours);
    expect(outcome.error?.includes("use the official plugin") ?? false).toBe(ours);
  });
});
